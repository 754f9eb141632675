package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// unreserved is that of the account now. The lock is held.
func (s *Service) unreserved(except string) int {
	return account{s.functions, s.o.ConcurrentExecutions}.unreserved(except)
}

// PutFunctionConcurrency reserves concurrency: at once the guarantee and the limit of the function. Zero stops it. The
// account must keep its unreserved floor (API Reference, PutFunctionConcurrency); the text is the one AWS answers. It
// takes no RevisionId. What AWS answers while an update of the function is in progress it does not document; here the
// call is served.
func (s *Service) PutFunctionConcurrency(_ context.Context, in *api.PutFunctionConcurrencyInput) (*api.PutFunctionConcurrencyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.parseUnqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.ReservedConcurrentExecutions == nil {
		return nil, validation("null", "reservedConcurrentExecutions", "Member must not be null")
	}
	n := *in.ReservedConcurrentExecutions
	if n < 0 {
		return nil, validation(n, "reservedConcurrentExecutions", "Member must have value greater than or equal to 0")
	}
	f, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	if s.unreserved(ref.name)-int(n) < s.o.UnreservedFloor {
		return nil, invalidParameter("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", s.o.UnreservedFloor)
	}
	f.reserved = aws.Int32(n)
	s.remember(f, s.o.Now())
	return &api.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: aws.Int32(n)}, nil
}

// GetFunctionConcurrency answers the reservation; without one the answer has no member.
func (s *Service) GetFunctionConcurrency(ctx context.Context, in *api.GetFunctionConcurrencyInput) (*api.GetFunctionConcurrencyOutput, error) {
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
	out := &api.GetFunctionConcurrencyOutput{}
	if f.reserved != nil {
		out.ReservedConcurrentExecutions = aws.Int32(*f.reserved)
	}
	return out, nil
}

// DeleteFunctionConcurrency gives the reservation back to the pool.
func (s *Service) DeleteFunctionConcurrency(_ context.Context, in *api.DeleteFunctionConcurrencyInput) (*api.DeleteFunctionConcurrencyOutput, error) {
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
	f.reserved = nil
	s.remember(f, s.o.Now())
	return &api.DeleteFunctionConcurrencyOutput{}, nil
}
