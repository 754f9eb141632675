package evidence

import (
	"context"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// facts are what the steps of one batch read. Each read is made once, however many steps need it.
type facts struct {
	subject Subject
	// end of every window, exclusive: the minute of Subject.Now.
	end time.Time
	// queries of the whole batch, and the start of the longest window.
	queries []aws.MetricQuery
	start   time.Time

	mu        sync.Mutex
	series    *once[map[aws.MetricQuery]aws.Series]
	settings  *once[aws.AccountSettings]
	functions map[string]*once[aws.Function]
	aliases   map[[2]string]*once[aws.Alias]
}

// once is a read that several steps share.
type once[T any] struct {
	sync.Once
	value T
	err   error
}

func (o *once[T]) get(read func() (T, error)) (T, error) {
	o.Do(func() { o.value, o.err = read() })
	return o.value, o.err
}

func newFacts(s Subject) *facts {
	end := s.Now.UTC().Truncate(time.Minute)
	return &facts{
		subject:   s,
		end:       end,
		start:     end,
		series:    &once[map[aws.MetricQuery]aws.Series]{},
		settings:  &once[aws.AccountSettings]{},
		functions: map[string]*once[aws.Function]{},
		aliases:   map[[2]string]*once[aws.Alias]{},
	}
}

// metric returns the datapoints of a query that the step declared, in [from, to).
func (f *facts) metric(ctx context.Context, q aws.MetricQuery, from, to time.Time) (aws.Series, error) {
	all, err := f.series.get(func() (map[aws.MetricQuery]aws.Series, error) {
		return f.subject.Session.Metrics(ctx, f.queries, f.start, f.end)
	})
	if err != nil {
		return nil, err
	}
	var within aws.Series
	for _, d := range all[q] {
		if !d.At.Before(from) && d.At.Before(to) {
			within = append(within, d)
		}
	}
	return within, nil
}

func (f *facts) accountSettings(ctx context.Context) (aws.AccountSettings, error) {
	return f.settings.get(func() (aws.AccountSettings, error) {
		if f.subject.Recent {
			return f.subject.Session.Lambda.RecentAccountSettings(ctx)
		}
		return f.subject.Session.Lambda.AccountSettings(ctx)
	})
}

func (f *facts) function(ctx context.Context, name string) (aws.Function, error) {
	return shared(&f.mu, f.functions, name).get(func() (aws.Function, error) {
		return f.subject.Session.Lambda.Function(ctx, name)
	})
}

func (f *facts) alias(ctx context.Context, function, alias string) (aws.Alias, error) {
	return shared(&f.mu, f.aliases, [2]string{function, alias}).get(func() (aws.Alias, error) {
		return f.subject.Session.Lambda.Alias(ctx, function, alias)
	})
}

func shared[K comparable, T any](mu *sync.Mutex, reads map[K]*once[T], key K) *once[T] {
	mu.Lock()
	defer mu.Unlock()
	o, ok := reads[key]
	if !ok {
		o = &once[T]{}
		reads[key] = o
	}
	return o
}
