package lambda

import (
	"context"
	"maps"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// aliasName is the pattern of an alias name (API Reference, CreateAlias): not only digits, at most 128 characters.
var aliasName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)

var onlyDigits = regexp.MustCompile(`^[0-9]+$`)

func (s *Service) aliasConfiguration(f *function, a *alias) types.AliasConfiguration {
	c := types.AliasConfiguration{
		AliasArn:        aws.String(s.arn(reference{f.name, a.name})),
		Name:            aws.String(a.name),
		Description:     aws.String(a.description),
		FunctionVersion: aws.String(a.version),
		RevisionId:      aws.String(a.revisionID),
	}
	if len(a.weights) > 0 {
		c.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: maps.Clone(a.weights)}
	}
	return c
}

// GetAlias answers one alias.
func (s *Service) GetAlias(ctx context.Context, in *api.GetAliasInput) (*api.GetAliasOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.parseUnqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	f, err := s.view(ctx, ref)
	if err != nil {
		return nil, err
	}
	ref.qualifier = aws.ToString(in.Name)
	a, ok := f.aliases[ref.qualifier]
	if !ok {
		return nil, s.aliasNotFound(ref)
	}
	c := s.aliasConfiguration(f, a)
	return &api.GetAliasOutput{
		AliasArn: c.AliasArn, Name: c.Name, Description: c.Description, FunctionVersion: c.FunctionVersion,
		RevisionId: c.RevisionId, RoutingConfig: c.RoutingConfig,
	}, nil
}

// CreateAlias points a new alias to a version.
func (s *Service) CreateAlias(_ context.Context, in *api.CreateAliasInput) (*api.CreateAliasOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.parseUnqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.Name)
	if !aliasName.MatchString(name) || onlyDigits.MatchString(name) {
		return nil, validation(name, "name", `Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)`)
	}
	f, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	ref.qualifier = name
	if _, ok := f.aliases[name]; ok {
		return nil, conflict("Alias already exists: %s", s.arn(ref))
	}
	a := &alias{name: name, description: aws.ToString(in.Description), version: aws.ToString(in.FunctionVersion)}
	if in.RoutingConfig != nil {
		a.weights = maps.Clone(in.RoutingConfig.AdditionalVersionWeights)
	}
	if err := s.checkRouting(f, a); err != nil {
		return nil, err
	}
	a.revisionID = f.nextRevision(s.o.Seed)
	f.aliases[name] = a
	s.remember(f, s.o.Now())
	c := s.aliasConfiguration(f, a)
	return &api.CreateAliasOutput{
		AliasArn: c.AliasArn, Name: c.Name, Description: c.Description, FunctionVersion: c.FunctionVersion,
		RevisionId: c.RevisionId, RoutingConfig: c.RoutingConfig,
	}, nil
}

// UpdateAlias changes an alias; with RevisionId only if nobody changed it since. A RoutingConfig without weights
// removes the second version.
func (s *Service) UpdateAlias(_ context.Context, in *api.UpdateAliasInput) (*api.UpdateAliasOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.parseUnqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	f, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	ref.qualifier = aws.ToString(in.Name)
	old, ok := f.aliases[ref.qualifier]
	if !ok {
		return nil, s.aliasNotFound(ref)
	}
	if in.RevisionId != nil && *in.RevisionId != old.revisionID {
		return nil, staleRevision()
	}
	a := old.clone()
	if in.FunctionVersion != nil {
		a.version = *in.FunctionVersion
	}
	if in.Description != nil {
		a.description = *in.Description
	}
	if in.RoutingConfig != nil {
		a.weights = maps.Clone(in.RoutingConfig.AdditionalVersionWeights)
	}
	if err := s.checkRouting(f, a); err != nil {
		return nil, err
	}
	a.revisionID = f.nextRevision(s.o.Seed)
	f.aliases[a.name] = a
	s.remember(f, s.o.Now())
	c := s.aliasConfiguration(f, a)
	return &api.UpdateAliasOutput{
		AliasArn: c.AliasArn, Name: c.Name, Description: c.Description, FunctionVersion: c.FunctionVersion,
		RevisionId: c.RevisionId, RoutingConfig: c.RoutingConfig,
	}, nil
}

// checkRouting holds an alias to the rules of weighted aliases (Lambda Developer Guide, "Configuring alias routing").
func (s *Service) checkRouting(f *function, a *alias) error {
	if f.find(a.version) == nil {
		return s.functionNotFound(reference{f.name, a.version})
	}
	if len(a.weights) > 1 {
		return invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for number, weight := range a.weights {
		switch {
		case number == latestVersion || a.version == latestVersion:
			return invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version")
		case f.find(number) == nil:
			return s.functionNotFound(reference{f.name, number})
		case number == a.version:
			return invalidParameter("The additional version of an alias cannot be its main version: %s", number)
		case weight < 0 || weight > 1:
			return validation(weight, "routingConfig.additionalVersionWeights", "Member must have value between 0.0 and 1.0")
		}
	}
	return nil
}
