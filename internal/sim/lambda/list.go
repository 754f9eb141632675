package lambda

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// pageSize is the largest page: the list operations return at most 50 items per response, even when MaxItems is higher
// (API Reference, ListFunctions).
const pageSize = 50

// page cuts one page out of a list. The marker is the index of the first item, opaque to callers.
func page[T any](all []T, marker *string, maxItems *int32) ([]T, *string, error) {
	if err := inRange(maxItems, "maxItems", 1, 10000); err != nil {
		return nil, nil, err
	}
	from := 0
	if m := aws.ToString(marker); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 0 || n > len(all) {
			return nil, nil, invalidParameter("The provided marker is invalid.")
		}
		from = n
	}
	size := pageSize
	if maxItems != nil && int(*maxItems) < size {
		size = int(*maxItems)
	}
	to := min(from+size, len(all))
	if to == len(all) {
		return all[from:to], nil, nil
	}
	return all[from:to], aws.String(strconv.Itoa(to)), nil
}

// ListFunctions lists $LATEST of every function, or with FunctionVersion=ALL every version.
func (s *Service) ListFunctions(ctx context.Context, in *api.ListFunctionsInput) (*api.ListFunctionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []types.FunctionConfiguration
	functions := s.seen(ctx).functions
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		f := functions[name]
		if in.FunctionVersion == types.FunctionVersionAll {
			all = append(all, s.versions(f)...)
			continue
		}
		all = append(all, s.configuration(f, f.latest, s.ARN(name)))
	}
	items, next, err := page(all, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListFunctionsOutput{Functions: items, NextMarker: next}, nil
}

// versions are all versions of a function with qualified ARNs, $LATEST first.
func (s *Service) versions(f *function) []types.FunctionConfiguration {
	out := []types.FunctionConfiguration{s.configuration(f, f.latest, s.arn(reference{f.name, latestVersion}))}
	for _, v := range f.published {
		out = append(out, s.configuration(f, v, s.arn(reference{f.name, v.number})))
	}
	return out
}

// ListVersionsByFunction lists $LATEST and the published versions.
func (s *Service) ListVersionsByFunction(ctx context.Context, in *api.ListVersionsByFunctionInput) (*api.ListVersionsByFunctionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, _, _, err := s.lookup(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	items, next, err := page(s.versions(f), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListVersionsByFunctionOutput{Versions: items, NextMarker: next}, nil
}

// ListAliases lists a function's aliases, or those that point to one version.
func (s *Service) ListAliases(ctx context.Context, in *api.ListAliasesInput) (*api.ListAliasesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, _, _, err := s.lookup(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	var all []types.AliasConfiguration
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		a := f.aliases[name]
		if want := aws.ToString(in.FunctionVersion); want != "" && a.version != want {
			if _, ok := a.weights[want]; !ok {
				continue
			}
		}
		all = append(all, s.aliasConfiguration(f, a))
	}
	items, next, err := page(all, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListAliasesOutput{Aliases: items, NextMarker: next}, nil
}
