package iam_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
)

func TestAPolicyIsEvaluatedWithWildcardsAndExplicitDenials(t *testing.T) {
	p, err := iam.ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[
		{"Sid":"Read","Effect":"Allow","Action":["lambda:Get*","cloudwatch:DescribeAlarms"],"Resource":"*"},
		{"Effect":"Allow","Action":"lambda:PutFunctionConcurrency","Resource":"arn:aws:lambda:*:*:function:orders-?"},
		{"Effect":"Deny","Action":"lambda:GetPolicy","Resource":"*"}]}`))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	d := iam.NewDirectory("123456789012")
	d.PutRole(iam.Role{Name: "r", Policy: &p})
	d.PutAccessKey("key", "r", "s")
	for _, c := range []struct {
		action, resource string
		allowed          bool
	}{
		{"lambda:GetFunction", "arn:aws:lambda:us-east-1:123456789012:function:x", true},
		{"lambda:getfunction", "*", true},
		{"lambda:GetPolicy", "*", false},
		{"lambda:ListFunctions", "*", false},
		{"cloudwatch:DescribeAlarms", "*", true},
		{"cloudwatch:DescribeAlarmsForMetric", "*", false},
		{"lambda:PutFunctionConcurrency", "arn:aws:lambda:us-east-1:123456789012:function:orders-a", true},
		{"lambda:PutFunctionConcurrency", "arn:aws:lambda:us-east-1:123456789012:function:orders-", false},
		{"lambda:PutFunctionConcurrency", "arn:aws:lambda:us-east-1:123456789012:function:Orders-a", false},
	} {
		NewWithT(t).Expect(d.Authorize("key", c.action, c.resource) == nil).To(Equal(c.allowed), c.action+" on "+c.resource)
	}
}

func TestWhatTheSimulatorCannotEvaluateIsRefused(t *testing.T) {
	for name, document := range map[string]string{
		"no JSON":      `{`,
		"no statement": `{"Version":"2012-10-17"}`,
		"effect":       `{"Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}`,
		"no action":    `{"Statement":[{"Effect":"Allow","Resource":"*"}]}`,
		"condition":    `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`,
	} {
		_, err := iam.ParsePolicy([]byte(document))
		NewWithT(t).Expect(err).To(HaveOccurred(), name)
	}
}

func TestARoleTrustsItsWholeAccountByTheRootPrincipal(t *testing.T) {
	g := NewWithT(t)
	d := iam.NewDirectory("123456789012")
	d.PutRole(iam.Role{Name: "caller"})
	d.PutRole(iam.Role{Name: "open", TrustedARNs: []string{"arn:aws:iam::123456789012:root"}})
	d.PutAccessKey("key", "caller", "s")
	p, err := d.Authenticate("key", "", time.Time{})
	g.Expect(err).NotTo(HaveOccurred())
	a := iam.Assumption{Caller: p, RoleARN: d.RoleARN("open"), Session: "x", Duration: time.Hour}
	first, err := d.AssumeRole(a)
	g.Expect(err).NotTo(HaveOccurred())
	second, err := d.AssumeRole(a)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(second.AccessKeyID).NotTo(Equal(first.AccessKeyID))
	g.Expect(first.Principal.UserID).To(MatchRegexp(`^AROA[A-Z2-7]{17}:x$`))
}
