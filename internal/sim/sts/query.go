package sts

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
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
				func(v url.Values) (*GetCallerIdentityInput, error) { return &GetCallerIdentityInput{}, onlyServed(v) },
				s.GetCallerIdentity,
				func(p *iam.Principal) any {
					return callerIdentityXML{UserID: p.UserID, Account: p.Account, Arn: p.ARN}
				}),
		},
	}
}

// servedAssumeRole are the members of AssumeRole that are served.
var servedAssumeRole = []string{"RoleArn", "RoleSessionName", "ExternalId", "Policy", "DurationSeconds"}

func decodeAssumeRole(v url.Values) (*AssumeRoleInput, error) {
	if err := onlyServed(v, servedAssumeRole...); err != nil {
		return nil, err
	}
	in := &AssumeRoleInput{
		RoleARN:         v.Get("RoleArn"),
		RoleSessionName: v.Get("RoleSessionName"),
		ExternalID:      v.Get("ExternalId"),
		Policy:          v.Get("Policy"),
		DurationSeconds: int(defaultDuration / time.Second),
	}
	if d := v.Get("DurationSeconds"); d != "" {
		n, err := strconv.Atoi(d)
		if err != nil {
			return nil, invalid(d, "durationSeconds", "Member must be an integer")
		}
		in.DurationSeconds = n
	}
	return in, nil
}

// onlyServed refuses a request with other members. One that limits a session, as PolicyArns does, would otherwise seem
// to be in force.
func onlyServed(v url.Values, members ...string) error {
	members = append(members, "Action", "Version")
	var others []string
	for key := range v {
		// Query writes a list as Member.member.1 (AWS STS API Reference, "Making query requests").
		if member, _, _ := strings.Cut(key, "."); !slices.Contains(members, member) {
			others = append(others, member)
		}
	}
	if len(others) == 0 {
		return nil
	}
	slices.Sort(others)
	return validation("not simulated: " + strings.Join(slices.Compact(others), ", "))
}
