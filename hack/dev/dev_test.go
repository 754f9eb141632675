package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// One world: what a person would type is done with the files that it wrote, and then it is stopped.
func TestTheFilesLeadKubectlAndAWSIntoTheWorld(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	kubeconfig, env := filepath.Join(folder, "kubeconfig"), filepath.Join(folder, "env")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	var errs bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-dir", folder}, writer, &errs)
		_ = writer.Close()
	}()
	said := untilRuns(reader)
	g.Expect(said).To(ContainSubstring("source "+env), "%s", &errs)

	t.Run("kubectl acts as the person of each context", func(t *testing.T) {
		g := NewWithT(t)
		onCall, developer, admin := as(g, kubeconfig, ""), as(g, kubeconfig, "developer"), as(g, kubeconfig, "admin")
		g.Expect(onCall.List(t.Context(), &v1alpha1.IncidentList{}, client.InNamespace(world.Team))).To(Succeed())
		g.Expect(onCall.List(t.Context(), &v1alpha1.AWSAccountList{})).To(Succeed(), "who is on call sees whether alarms are read")
		account := &v1alpha1.AWSAccount{ObjectMeta: metav1.ObjectMeta{Name: world.Account}}
		g.Expect(onCall.Delete(t.Context(), account)).To(Satisfy(apierrors.IsForbidden))

		app := &v1alpha1.ServerlessApplication{ObjectMeta: metav1.ObjectMeta{Namespace: world.Team, Name: world.Application}}
		edit := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"edited-by":"a-developer"}}}`))
		g.Expect(onCall.Patch(t.Context(), app, edit)).To(Satisfy(apierrors.IsForbidden))
		g.Expect(developer.Patch(t.Context(), app, edit)).To(Succeed())
		g.Expect(admin.List(t.Context(), &v1alpha1.AWSAccountList{})).To(Succeed())
	})
	t.Run("aws acts as the platform's administrator", func(t *testing.T) {
		g := NewWithT(t)
		source(t, g, env)
		cfg, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil))
		g.Expect(err).NotTo(HaveOccurred())
		who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(aws.ToString(who.Arn)).To(ContainSubstring(":assumed-role/" + reactstocks.AdminRole + "/"))
		alarms, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(t.Context(), nil)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(alarms.MetricAlarms).To(ContainElement(HaveField("AlarmName", HaveValue(Equal(reactstocks.ThrottlesAlarm)))))
	})

	t.Run("a second one is refused, and harms nothing", func(t *testing.T) {
		g := NewWithT(t)
		before, err := os.ReadFile(env)
		g.Expect(err).NotTo(HaveOccurred())
		var refused bytes.Buffer
		g.Expect(run(t.Context(), []string{"-dir", folder}, io.Discard, &refused)).To(Equal(1))
		g.Expect(refused.String()).To(ContainSubstring("the world of process %d runs already, in %s", os.Getpid(), folder))
		g.Expect(os.ReadFile(env)).To(Equal(before))
		g.Expect(kubeconfig).To(BeAnExistingFile())
	})

	stop()
	rest, _ := io.ReadAll(reader)
	g.Expect(string(rest)).To(ContainSubstring("Stopping."))
	g.Expect(<-code).To(Equal(0), "%s", &errs)
	g.Expect(kubeconfig).NotTo(BeAnExistingFile(), "nothing is left that leads nowhere")
	g.Expect(env).NotTo(BeAnExistingFile())
}

// A start takes many seconds, and cannot be left half-way: whoever interrupts it is told at once, and it is no error.
func TestAStartThatIsInterruptedSaysSoAtOnce(t *testing.T) {
	g := NewWithT(t)
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	var errs bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-dir", t.TempDir()}, writer, &errs)
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	g.Expect(lines.Scan()).To(BeTrue())
	g.Expect(lines.Text()).To(HavePrefix("Starting "))
	stop()
	for lines.Scan() && lines.Text() == "" {
	}
	g.Expect(lines.Text()).To(HavePrefix("Stopping."))
	g.Expect(code).NotTo(Receive(), "it is still being stopped")
	_, _ = io.Copy(io.Discard, reader)
	g.Expect(<-code).To(Equal(0), "%s", &errs)
	g.Expect(errs.String()).NotTo(ContainSubstring("dev: "))
}

func TestAnUnknownScenarioIsRefused(t *testing.T) {
	g := NewWithT(t)
	var errs bytes.Buffer
	g.Expect(run(t.Context(), []string{"-scenario", "nonsense"}, io.Discard, &errs)).To(Equal(2))
	g.Expect(errs.String()).To(ContainSubstring("choose one of Steady, Throttling"))
}

// untilRuns reads what is said until the world runs and the last line of the manual was printed, or nothing more comes.
func untilRuns(r io.Reader) string {
	var said strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "The operator's log is") {
			break
		}
	}
	return said.String()
}

func as(g *WithT, kubeconfig, context string) client.Client {
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
	g.Expect(err).NotTo(HaveOccurred())
	scheme, err := operator.NewScheme()
	g.Expect(err).NotTo(HaveOccurred())
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	return c
}

// source does what the shell does with the file.
func source(t *testing.T, g *WithT, env string) {
	text, err := os.ReadFile(env)
	g.Expect(err).NotTo(HaveOccurred())
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if names, ok := strings.CutPrefix(line, "unset "); ok {
			for _, name := range strings.Fields(names) {
				t.Setenv(name, "")
			}
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		g.Expect(ok).To(BeTrue(), line)
		t.Setenv(name, strings.Trim(value, "'"))
	}
}
