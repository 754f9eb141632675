package approval

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// user is who sends requests.
type user struct {
	name, uid string
	groups    []string
	extra     map[string][]string
}

var (
	alice = user{name: "alice@example.com", uid: "u-alice", groups: []string{"oncall", "developers"}, extra: map[string][]string{
		"arn": {"arn:aws:sts::123456789012:assumed-role/oncall/alice"}, "scopes.example.com": {"not recorded"},
	}}
	bob   = user{name: "bob@example.com", uid: "u-bob", groups: []string{"developers"}}
	carol = user{name: "carol@example.com"}
	argo  = user{name: "system:serviceaccount:argocd:sync", groups: []string{"system:serviceaccounts"}}
)

// as returns a client that impersonates a user. The API server makes the keys of impersonated claims lower case.
func as(u user) client.Client {
	GinkgoHelper()
	cfg := rest.CopyConfig(server)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: u.name, UID: u.uid, Groups: u.groups, Extra: u.extra}
	return connect(cfg)
}

// withToken returns a client of a user that the cluster's authenticator vouches for, as on Amazon EKS.
func withToken(u user) client.Client {
	GinkgoHelper()
	extra := map[string]authenticationv1.ExtraValue{}
	for key, values := range u.extra {
		extra[key] = values
	}
	info, err := json.Marshal(authenticationv1.UserInfo{Username: u.name, UID: u.uid, Groups: u.groups, Extra: extra})
	Expect(err).NotTo(HaveOccurred())
	cfg := rest.AnonymousClientConfig(server)
	cfg.QPS = -1
	cfg.BearerToken = base64.RawURLEncoding.EncodeToString(info)
	return connect(cfg)
}

func connect(cfg *rest.Config) client.Client {
	GinkgoHelper()
	options := client.Options{Scheme: scheme}
	if admin != nil {
		options.Mapper = admin.RESTMapper()
	}
	c, err := client.New(cfg, options)
	Expect(err).NotTo(HaveOccurred())
	return c
}

// whoami returns the person that the API server knows a client as, with the recorded claims: what a client fills in
// where the cluster has no MutatingAdmissionPolicies.
func whoami(ctx context.Context, c client.Client) *v1alpha1.Person {
	GinkgoHelper()
	review := &authenticationv1.SelfSubjectReview{}
	Expect(c.Create(ctx, review)).To(Succeed())
	info := review.Status.UserInfo
	person := &v1alpha1.Person{Username: info.Username, UID: info.UID, Groups: info.Groups}
	for _, key := range []string{"arn", "canonicalArn", "principalId", "sessionName"} {
		if values, found := info.Extra[key]; found {
			person.Extra = append(person.Extra, v1alpha1.PersonClaim{Key: key, Values: values})
		}
	}
	return person
}

// startAuthenticator starts a token authenticator, whose tokens are the users themselves, and returns the file that
// tells the API server of it.
func startAuthenticator() string {
	GinkgoHelper()
	authenticator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review authenticationv1.TokenReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		info, err := base64.RawURLEncoding.DecodeString(review.Spec.Token)
		review.Status.Authenticated = err == nil && json.Unmarshal(info, &review.Status.User) == nil
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(review); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	DeferCleanup(authenticator.Close)
	file := filepath.Join(GinkgoT().TempDir(), "authenticator.yaml")
	Expect(os.WriteFile(file, fmt.Appendf(nil, `
apiVersion: v1
kind: Config
clusters: [{name: authenticator, cluster: {server: %q}}]
users: [{name: apiserver}]
contexts: [{name: default, context: {cluster: authenticator, user: apiserver}}]
current-context: default
`, authenticator.URL), 0o600)).To(Succeed())
	return file
}

// forgeries returns persons that are nearly the given one.
func forgeries(own *v1alpha1.Person) map[string]*v1alpha1.Person {
	forged := map[string]*v1alpha1.Person{"nobody": nil}
	for name, edit := range map[string]func(*v1alpha1.Person){
		"another username": func(p *v1alpha1.Person) { p.Username = "mallory@example.com" },
		"another uid":      func(p *v1alpha1.Person) { p.UID = "u-mallory" },
		"no uid":           func(p *v1alpha1.Person) { p.UID = "" },
		"another group":    func(p *v1alpha1.Person) { p.Groups[0] = "managers" },
		"one more group":   func(p *v1alpha1.Person) { p.Groups = append(p.Groups, "managers") },
		"no groups":        func(p *v1alpha1.Person) { p.Groups = nil },
		"another claim":    func(p *v1alpha1.Person) { p.Extra[0].Values[0] = "arn:aws:iam::123456789012:user/mallory" },
		"a value more":     func(p *v1alpha1.Person) { p.Extra[0].Values = append(p.Extra[0].Values, "mallory") },
		"no claim":         func(p *v1alpha1.Person) { p.Extra = nil },
		"one more claim": func(p *v1alpha1.Person) {
			p.Extra = append(p.Extra, v1alpha1.PersonClaim{Key: "sessionName", Values: []string{"mallory"}})
		},
		"another claim's key": func(p *v1alpha1.Person) { p.Extra[0].Key = "canonicalArn" },
	} {
		p := own.DeepCopy()
		edit(p)
		forged[name] = p
	}
	return forged
}

// sorted returns a person with claims in the order of their keys, as the order in which they are recorded is free.
func sorted(p *v1alpha1.Person) *v1alpha1.Person {
	p = p.DeepCopy()
	slices.SortFunc(p.Extra, func(a, b v1alpha1.PersonClaim) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return p
}
