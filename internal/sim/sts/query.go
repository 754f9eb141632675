package sts

import (
	"net/url"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

type credentialsXML struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUserXML struct {
	Arn           string
	AssumedRoleID string `xml:"AssumedRoleId"`
}

type assumeRoleXML struct {
	Credentials      credentialsXML
	AssumedRoleUser  assumedRoleUserXML
	PackedPolicySize int
}

type callerIdentityXML struct {
	UserID  string `xml:"UserId"`
	Account string
	Arn     string
}

// Wire is the service's operations on the AWS Query protocol (AWS STS API Reference, version 2011-06-15).
func (s *Service) Wire() wire.QueryService {
	return wire.QueryService{
		Name: "sts", SigningName: "sts", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: []wire.QueryOperation{
			wire.QueryOp("AssumeRole", decodeAssumeRole, s.AssumeRole, func(o *AssumeRoleOutput) any {
				return assumeRoleXML{
					Credentials: credentialsXML{
						AccessKeyID:     o.Session.AccessKeyID,
						SecretAccessKey: o.Session.SecretAccessKey,
						SessionToken:    o.Session.Token,
						Expiration:      o.Session.Expires.UTC().Format(time.RFC3339),
					},
					AssumedRoleUser:  assumedRoleUserXML{Arn: o.Session.Principal.ARN, AssumedRoleID: o.Session.Principal.UserID},
					PackedPolicySize: o.PolicySize,
				}
			}),
			wire.QueryOp("GetCallerIdentity",
				func(url.Values) (*GetCallerIdentityInput, error) { return &GetCallerIdentityInput{}, nil },
				s.GetCallerIdentity,
				func(p *iam.Principal) any {
					return callerIdentityXML{UserID: p.UserID, Account: p.Account, Arn: p.ARN}
				}),
		},
	}
}
