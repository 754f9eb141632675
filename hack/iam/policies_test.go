package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
)

func actionsOf(p policy) (all []string) {
	for _, s := range p.Statement {
		all = append(all, s.Action...)
	}
	return all
}

func TestThePoliciesInTheRepositoryAreCurrent(t *testing.T) {
	g := NewWithT(t)
	want := files()
	for name, content := range want {
		present, err := os.ReadFile(filepath.Join("..", "..", folder, name))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(present)).To(Equal(string(content)), "run make generate")
	}
	entries, err := os.ReadDir(filepath.Join("..", "..", folder))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(entries).To(HaveLen(len(want)), "nothing else is in the folder")
}

func TestThePageAboutThePoliciesIsCurrentAndHoldsEveryOne(t *testing.T) {
	g := NewWithT(t)
	present, err := os.ReadFile(filepath.Join("..", "..", page))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(present)).To(Equal(document()), "run make generate")
	for name, p := range policies() {
		g.Expect(document()).To(ContainSubstring(string(encode(p))), name)
		for _, a := range actionsOf(p) {
			g.Expect(askers()).To(HaveKey(a), "somebody asks for it")
		}
	}
	for _, p := range placeholders() {
		g.Expect(p[1]).NotTo(Equal(p[0]))
	}
}

func TestNothingThatIsCalledAbsentIsGranted(t *testing.T) {
	g := NewWithT(t)
	for name, p := range policies() {
		for _, a := range actionsOf(p) {
			for _, absent := range absences {
				matched, err := path.Match(absent.action, a)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(matched).To(BeFalse(), "%s.json grants %s, and the page says that %s is absent", name, a, absent.action)
			}
		}
	}
}

func TestWritingTwiceGivesTheSameFiles(t *testing.T) {
	g := NewWithT(t)
	into := t.TempDir()
	g.Expect(run(into)).To(Succeed())
	first, err := os.Stat(filepath.Join(into, "remediate.json"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(run(into)).To(Succeed())
	second, err := os.Stat(filepath.Join(into, "remediate.json"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(second.ModTime()).To(Equal(first.ModTime()), "a file that is right is left alone")
}

func TestAPolicyThatNothingNeedsAnyMoreIsRemoved(t *testing.T) {
	g := NewWithT(t)
	into := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(into, "rotate.json"), []byte("{}"), 0o600)).To(Succeed())
	g.Expect(run(into)).To(Succeed())
	g.Expect(filepath.Join(into, "rotate.json")).NotTo(BeAnExistingFile())
	g.Expect(filepath.Join(into, "base.json")).To(BeAnExistingFile())
}

func TestOnlyTheLastPolicyCanChangeAnything(t *testing.T) {
	g := NewWithT(t)
	p := policies()
	for _, name := range []string{"detect", "investigate"} {
		for _, a := range actionsOf(p[name]) {
			verb := a[strings.Index(a, ":")+1:]
			if slices.Contains(aws.QueuePermissions(), a) {
				continue // the operator's own queue, of which it takes what it has handled
			}
			g.Expect(verb).To(MatchRegexp(`^(Get|List|Describe)`), "%s in %s", a, name)
		}
	}
	g.Expect(actionsOf(p["claim"])).To(ConsistOf("ssm:GetParameter", "ssm:PutParameter"))
	g.Expect(p["claim"].Statement[0].Resource).To(ConsistOf("arn:aws:ssm:us-east-1:ACCOUNT_ID:parameter/runbook-operator/claim"),
		"it writes one parameter, which is its own")
	g.Expect(actionsOf(p["remediate"])).To(ConsistOf(
		"lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency", "lambda:UpdateFunctionConfiguration"))
	for _, s := range p["remediate"].Statement {
		g.Expect(s.Resource).NotTo(ContainElement("*"), "changes are limited to functions")
	}
	for name := range p {
		for _, a := range actionsOf(p[name]) {
			g.Expect(a).NotTo(ContainSubstring("*"))
			g.Expect(a).NotTo(HavePrefix("iam:"))
		}
	}
}

func TestThePoliciesAreReadByTheSimulatedIAM(t *testing.T) {
	g := NewWithT(t)
	for name, content := range files() {
		if !slices.Contains([]string{"base.json", "detect.json", "claim.json", "investigate.json", "remediate.json"}, name) {
			continue
		}
		_, err := iam.ParsePolicy(content)
		g.Expect(err).NotTo(HaveOccurred(), name)
	}
}
