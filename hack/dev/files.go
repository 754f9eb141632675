package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// files are what lets kubectl and aws find the world. They are removed with it.
type files struct{ kubeconfig, env string }

func (f files) write(w *world.World) error {
	if err := clientcmd.WriteToFile(*kubeconfig(w.Cluster.Config), f.kubeconfig); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	if err := os.WriteFile(f.env, []byte(environment(f.kubeconfig, w.Endpoint)), 0o600); err != nil {
		return fmt.Errorf("writing the environment: %w", err)
	}
	return nil
}

func (f files) remove() error { return errors.Join(os.Remove(f.kubeconfig), os.Remove(f.env)) }

// kubeconfig has a context for each of the sample's people, by impersonation, and one for the administrator.
func kubeconfig(admin *rest.Config) *clientcmdapi.Config {
	const cluster = "dev"
	c := clientcmdapi.NewConfig()
	c.Clusters[cluster] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData}
	for name, person := range map[string]rest.ImpersonationConfig{
		"on-call": world.OnCall(), "developer": world.Developer(), "platform": world.Platform(), "admin": {},
	} {
		c.AuthInfos[name] = &clientcmdapi.AuthInfo{
			ClientCertificateData: admin.CertData, ClientKeyData: admin.KeyData,
			Impersonate: person.UserName, ImpersonateGroups: person.Groups,
		}
		c.Contexts[name] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: name, Namespace: world.Team}
	}
	c.CurrentContext = "on-call"
	return c
}

// environment is what a shell sources. The credentials are dummies of the role platform-admin: the simulated AWS
// verifies no signature, and no other AWS knows them. A session of the shell's own account is taken out of the way.
func environment(kubeconfig, endpoint string) string {
	lines := []string{"unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_CLOUDWATCH AWS_ENDPOINT_URL_LAMBDA AWS_ENDPOINT_URL_STS"}
	for _, v := range [][2]string{
		{"KUBECONFIG", kubeconfig},
		{"AWS_ENDPOINT_URL", endpoint},
		{"AWS_REGION", reactstocks.Region},
		{"AWS_DEFAULT_REGION", reactstocks.Region},
		{"AWS_ACCESS_KEY_ID", reactstocks.AdminAccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", reactstocks.AdminSecretAccessKey},
		{"AWS_PAGER", ""},
	} {
		lines = append(lines, fmt.Sprintf("export %s='%s'", v[0], strings.ReplaceAll(v[1], "'", `'\''`)))
	}
	return strings.Join(lines, "\n") + "\n"
}
