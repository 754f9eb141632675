package api

import (
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// shown is what kubectl get shows of a kind: its short name, and the columns of one object.
type shown struct {
	short   string
	columns []string
	status  map[string]any
	cells   []any // but the age
}

// reasons returns a status with conditions.
func reasons(more map[string]any, byType ...string) map[string]any {
	conditions := []any{}
	for i := 0; i < len(byType); i += 2 {
		conditions = append(conditions, map[string]any{
			"type": byType[i], "status": "False", "reason": byType[i+1], "message": "m", "lastTransitionTime": "2026-11-23T03:00:00Z",
		})
	}
	status := map[string]any{"observedGeneration": int64(1), "conditions": conditions}
	for name, value := range more {
		status[name] = value
	}
	return status
}

var kubectlShows = map[string]shown{
	"AWSAccount": {
		short: "awsacct", columns: []string{"Name", "Ready", "Detecting", "Claimed", "Unmatched", "Age"},
		status: reasons(map[string]any{"unmatchedAlarms": map[string]any{"count": int64(3)}}, "Detecting", "Error", "Ready", "AccessDenied", "Claimed", "ClaimedByAnotherCluster"),
		cells:  []any{"prod", "AccessDenied", "Error", "ClaimedByAnotherCluster", 3.0},
	},
	"ServerlessApplication": {
		short: "sapp", columns: []string{"Name", "Mode", "Account", "Region", "Ready", "Age"},
		status: reasons(map[string]any{"mode": "Propose"}, "Ready", "Watched"),
		cells:  []any{"react-stocks", "Propose", "prod", "us-east-1", "Watched"},
	},
	"Runbook": {
		short: "rbk", columns: []string{"Name", "Title", "Concern", "Ready", "Age"},
		status: reasons(nil, "Ready", "InvalidExpression"),
		cells:  []any{"throttling", "Throttling", "Availability", "InvalidExpression"},
	},
	"ChangePolicy": {
		short: "cpol", columns: []string{"Name", "Window", "Age"},
		cells: []any{"default", "15m"},
	},
	"Incident": {
		short: "inc", columns: []string{"Name", "Application", "Severity", "Cause", "State", "Age"},
		status: reasons(map[string]any{"severity": "P2"}, "Accepted", "Accepted", "Diagnosed", "ReservedConcurrencyTooLow", "Resolved", "Firing"),
		cells:  []any{"by-hand", "react-stocks", "P2", "ReservedConcurrencyTooLow", "Firing"},
	},
	"Remediation": {
		short: "rem", columns: []string{"Name", "Function", "Plan", "Approved", "State", "Age"},
		status: reasons(map[string]any{"plan": plan}, "Approved", "AwaitingApproval", "Succeeded", "AwaitingApproval"),
		cells: []any{
			"more-concurrency", "react-stocks-backend-prod-ReactStocksFunction", "reserved concurrency 100 → 200",
			"AwaitingApproval", "AwaitingApproval",
		},
	},
	"Approval": {
		short: "appr", columns: []string{"Name", "Remediation", "Decision", "By", "Age"},
		cells: []any{"yes", "more-concurrency", "Approved", "admin"},
	},
}

var plan = map[string]any{
	"number": int64(1), "digest": digest, "summary": "reserved concurrency 100 → 200", "accountID": "123456789012",
	"region": "us-east-1", "roleARN": "arn:aws:iam::123456789012:role/r", "calls": []any{}, "onFailure": "Hold",
	"verification":       map[string]any{"settleSeconds": int64(1), "windowSeconds": int64(1), "periodSeconds": int64(1), "failureLimit": int64(1)},
	"revertUntilSeconds": int64(1), "policyDigest": digest, "plannedAt": "2026-11-23T03:00:00Z", "expiresAt": "2026-11-23T03:30:00Z",
}

var _ = Describe("With kubectl", func() {
	It("every kind has its short name, and kubectl get oncall lists them all", func() {
		client, err := discovery.NewDiscoveryClientForConfig(environment.Config)
		Expect(err).NotTo(HaveOccurred())
		served, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
		Expect(err).NotTo(HaveOccurred())
		found := map[string]metav1.APIResource{}
		for _, r := range served.APIResources {
			if r.Categories != nil {
				found[r.Kind] = r
			}
		}
		Expect(names(found)).To(Equal(names(kubectlShows)))
		for kind, r := range found {
			Expect(r.ShortNames).To(Equal([]string{kubectlShows[kind].short}), kind)
			Expect(r.Categories).To(Equal([]string{"oncall"}), kind)
			Expect(r.Namespaced).To(Equal(kind != "AWSAccount"), kind)
		}
	})

	for _, d := range definitions() {
		It("get "+d.Spec.Names.Plural+" shows at most six columns, and what they promise", func(ctx SpecContext) {
			want := kubectlShows[d.kind()]
			u := created(ctx, d.kind())
			if want.status != nil {
				u.Object["status"] = want.status
				Expect(environment.Admin.Status().Update(ctx, u)).To(Succeed())
			}
			table := newReader(d).table(ctx, u.GetName())
			var columns []string
			for i, c := range table.ColumnDefinitions {
				columns = append(columns, c.Name)
				Expect(c.Priority).To(BeZero(), c.Name)
				if 0 < i && i < len(table.ColumnDefinitions)-1 {
					Expect(c.Description).To(HaveSuffix("."), "what the column %s means", c.Name)
				}
			}
			Expect(columns).To(Equal(want.columns))
			Expect(len(columns)).To(BeNumerically("<=", 6))
			Expect(table.Rows).To(HaveLen(1))
			cells := table.Rows[0].Cells
			Expect(cells[:len(cells)-1]).To(Equal(want.cells))
			Expect(cells[len(cells)-1]).To(MatchRegexp(`^\d+s$`))
		})
	}

	for _, d := range definitions() {
		for _, field := range d.Spec.Versions[0].SelectableFields {
			path := field.JSONPath[1:]
			It("get "+d.Spec.Names.Plural+" --field-selector "+path+" lists those alone", func(ctx SpecContext) {
				one := created(ctx, d.kind(), func(u *unstructured.Unstructured) { u.SetName("one"); set(u, path, "this") })
				created(ctx, d.kind(), func(u *unstructured.Unstructured) { u.SetName("two"); set(u, path, "that") })
				list := &unstructured.UnstructuredList{}
				list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(d.Spec.Names.ListKind))
				Expect(environment.Admin.List(ctx, list, client.InNamespace(namespace), client.MatchingFields{path: "this"})).To(Succeed())
				Expect(list.Items).To(HaveLen(1))
				Expect(list.Items[0].GetUID()).To(Equal(one.GetUID()))
			})
		}
	}

	It("the fields that are selected are those that the operator looks objects up by", func() {
		found := map[string][]string{}
		for _, d := range definitions() {
			for _, field := range d.Spec.Versions[0].SelectableFields {
				found[d.kind()] = append(found[d.kind()], field.JSONPath)
			}
		}
		Expect(found).To(Equal(map[string][]string{
			"Incident": {".spec.applicationRef.name"}, "Remediation": {".spec.applicationRef.name"},
			"Approval": {".spec.remediationRef.name"}, "ServerlessApplication": {".spec.aws.accountRef.name"},
		}))
	})
})

// table returns what kubectl get prints about one object.
func (r *reader) table(ctx context.Context, name string) metav1.Table {
	GinkgoHelper()
	text, err := r.raw.Get().NamespaceIfScoped(namespace, r.namespaced()).Resource(r.Spec.Names.Plural).Name(name).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(ctx).Raw()
	Expect(err).NotTo(HaveOccurred())
	var table metav1.Table
	Expect(json.Unmarshal(text, &table)).To(Succeed())
	return table
}
