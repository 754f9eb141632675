package aws

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// Budget is a rate in calls a second and how many may come at once.
type Budget struct {
	PerSecond float64
	Burst     int
}

// Budgets are the rates of the operator's own calls in one account and Region. Each family is one quota of AWS, and
// its budget leaves room for whoever else works in the account, and for the console.
type Budgets struct {
	// LambdaReads and LambdaChanges together are every Lambda call but GetFunction: 15 a second in all, not adjustable
	// (Lambda quotas). Changes have their own share, so that no investigation holds one back.
	LambdaReads, LambdaChanges Budget
	// LambdaGetFunction has a quota of its own of 100 a second (Lambda quotas).
	LambdaGetFunction Budget
	// DescribeAlarms has 9 a second (CloudWatch service quotas).
	DescribeAlarms Budget
	// AlarmDetails is DescribeAlarmHistory and the two reads of alarm mute rules, of which none has less than 20 a second
	// (CloudWatch service quotas). Together they stay below the least.
	AlarmDetails Budget
	// GetMetricData has 50 a second, more in some Regions (CloudWatch service quotas).
	GetMetricData Budget
	// STS is AssumeRole and GetCallerIdentity, with 600 a second together (IAM and STS quotas); one session is cached for
	// many calls.
	STS Budget
	// SQS is receiving messages of a standard queue, and once more deleting them, which have next to no limit (Amazon SQS
	// quotas): the budget bounds what a loop that went wrong would cost. Deletions have their own share: what was received
	// and followed and then not deleted for want of a call comes again, and is received in vain.
	SQS Budget
	// ParameterReads is GetParameter, with 40 a second, and ParameterWrites PutParameter, with 3 a second, at standard
	// throughput (Systems Manager service quotas).
	ParameterReads, ParameterWrites Budget
}

// DefaultBudgets stay below the published quotas also in the first second: rate and burst together.
func DefaultBudgets() Budgets {
	return Budgets{
		LambdaReads:       Budget{PerSecond: 5, Burst: 5},
		LambdaChanges:     Budget{PerSecond: 2, Burst: 2},
		LambdaGetFunction: Budget{PerSecond: 45, Burst: 45},
		DescribeAlarms:    Budget{PerSecond: 4, Burst: 4},
		AlarmDetails:      Budget{PerSecond: 9, Burst: 9},
		GetMetricData:     Budget{PerSecond: 22, Burst: 22},
		STS:               Budget{PerSecond: 50, Burst: 50},
		SQS:               Budget{PerSecond: 50, Burst: 50},
		ParameterReads:    Budget{PerSecond: 15, Burst: 15},
		ParameterWrites:   Budget{PerSecond: 1, Burst: 1},
	}
}

// family is one quota, and the budget below it.
type family struct {
	name   string
	budget func(Budgets) Budget
	// calls are those that count against it. Whatever calls AWS is in one family: nothing is guessed from a name.
	calls []string
}

// families are every call that the operator makes.
var families = []family{
	{"DescribeAlarms", func(b Budgets) Budget { return b.DescribeAlarms }, []string{"cloudwatch:DescribeAlarms"}},
	{"alarm history and mute rules", func(b Budgets) Budget { return b.AlarmDetails }, []string{
		"cloudwatch:DescribeAlarmHistory", "cloudwatch:GetAlarmMuteRule", "cloudwatch:ListAlarmMuteRules",
	}},
	{"GetMetricData", func(b Budgets) Budget { return b.GetMetricData }, []string{"cloudwatch:GetMetricData"}},
	{"GetFunction", func(b Budgets) Budget { return b.LambdaGetFunction }, []string{"lambda:GetFunction"}},
	{"Lambda reads", func(b Budgets) Budget { return b.LambdaReads }, []string{
		"lambda:GetAccountSettings", "lambda:GetAlias", "lambda:ListAliases",
	}},
	{"Lambda changes", func(b Budgets) Budget { return b.LambdaChanges }, []string{
		"lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency", "lambda:UpdateFunctionConfiguration",
	}},
	{"receiving from SQS", func(b Budgets) Budget { return b.SQS }, []string{"sqs:ReceiveMessage"}},
	{"deleting from SQS", func(b Budgets) Budget { return b.SQS }, []string{"sqs:DeleteMessageBatch"}},
	{"parameter reads", func(b Budgets) Budget { return b.ParameterReads }, []string{"ssm:GetParameter"}},
	{"parameter writes", func(b Budgets) Budget { return b.ParameterWrites }, []string{"ssm:PutParameter"}},
	{"STS", func(b Budgets) Budget { return b.STS }, []string{"sts:AssumeRole", "sts:GetCallerIdentity"}},
}

// place is where a quota applies.
type place struct{ account, region string }

type budgetKey struct {
	place
	family string
}

type budgets struct {
	of       Budgets
	families map[string]family // by call
	mu       sync.Mutex
	limiters map[budgetKey]*rate.Limiter
}

func newBudgets(of Budgets) *budgets {
	b := &budgets{of: of, families: map[string]family{}, limiters: map[budgetKey]*rate.Limiter{}}
	for _, f := range families {
		for _, call := range f.calls {
			b.families[call] = f
		}
	}
	return b
}

// family returns the quota that a call counts against. A call of none is not sent: it would take what another needs.
func (b *budgets) family(service, operation string) (string, Budget, error) {
	f, known := b.families[service+":"+operation]
	if !known {
		f := fault.New(fault.Blocked, reasonUnexpected, "this version of the operator has no budget for the call %s:%s, so it was not sent: upgrade the operator", service, operation)
		f.Refused = true
		return "", Budget{}, f
	}
	return f.name, f.budget(b.of), nil
}

// take takes one call from the budget, or says when there is one again. It never waits.
func (b *budgets) take(p place, service, operation string, now time.Time) error {
	family, budget, limiter, err := b.limiter(p, service, operation)
	if err != nil {
		return err
	}
	// A reservation that is given back is not given back whole where others were made meanwhile (package rate, CancelAt):
	// nothing is reserved that is not used.
	if limiter.AllowN(now, 1) {
		return nil
	}
	return none(family, budget, limiter, now)
}

// room says whether there is a call in the budget, or when there is one again. It takes none.
func (b *budgets) room(p place, service, operation string, now time.Time) error {
	family, budget, limiter, err := b.limiter(p, service, operation)
	if err != nil {
		return err
	}
	if budget.Burst >= 1 && limiter.TokensAt(now) >= 1 {
		return nil
	}
	return none(family, budget, limiter, now)
}

// limiter returns the family that a call is of, and what is left of its budget.
func (b *budgets) limiter(p place, service, operation string) (string, Budget, *rate.Limiter, error) {
	family, budget, err := b.family(service, operation)
	if err != nil {
		return "", Budget{}, nil, err
	}
	key := budgetKey{place: p, family: family}
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter, ok := b.limiters[key]
	if !ok {
		limiter = rate.NewLimiter(rate.Limit(budget.PerSecond), budget.Burst)
		b.limiters[key] = limiter
	}
	return family, budget, limiter, nil
}

// none is the fault of a call that the budget does not allow now.
func none(family string, budget Budget, limiter *rate.Limiter, now time.Time) error {
	if budget.Burst < 1 || budget.PerSecond <= 0 {
		return local(time.Second, "the operator's budget for %s allows no call", family)
	}
	after := time.Duration((1 - limiter.TokensAt(now)) / budget.PerSecond * float64(time.Second))
	return local(max(after, time.Millisecond), "the operator keeps its calls of %s below the quota of the account", family)
}

// local is a fault for a call that was not sent: nothing changed.
func local(after time.Duration, format string, args ...any) *fault.Fault {
	f := fault.New(fault.Waiting, reasonUnavailable, format, args...)
	f.After = after
	f.Refused = true
	return f
}
