package cloudwatch

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxExpressionLength is the longest metric math expression (API reference, MetricDataQuery).
const maxExpressionLength = 2048

// idPattern is the form of an id: "letters, numbers, and underscore. The first character must be a
// lowercase letter" (API reference, MetricDataQuery).
var idPattern = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

// plan is a checked list of metric data queries, ready to be computed.
type plan struct {
	nodes []node
	order []int // indexes into nodes; queries come after those that they refer to
}

// node is one query: a statistic of a metric, or an expression.
type node struct {
	query      types.MetricDataQuery
	statistic  statistic
	period     time.Duration
	expression expression
}

// newPlan checks queries and returns ValidationErrors that name the member of parameter at fault.
func (s *Service) newPlan(parameter string, queries []types.MetricDataQuery) (*plan, error) {
	p := &plan{nodes: make([]node, len(queries))}
	positions := map[string]int{}
	for i, query := range queries {
		id := aws.ToString(query.Id)
		if !idPattern.MatchString(id) {
			return nil, validationError("The value %s for parameter %s.member.%d.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", id, parameter, i+1)
		}
		if _, ok := positions[id]; ok {
			return nil, validationError("The values for parameter id in %s are not unique.", parameter)
		}
		positions[id] = i
		// A monitoring account reads metrics of accounts that are linked to it (API reference, MetricDataQuery).
		if account := aws.ToString(query.AccountId); account != "" && account != s.accountID && !s.linked[account] {
			return nil, validationError("The parameter %s.member.%d.AccountId is neither this account's nor that of an account that is linked to it.", parameter, i+1)
		}
		n, err := newNode(parameter, i+1, query)
		if err != nil {
			return nil, err
		}
		p.nodes[i] = n
	}
	return p, p.sort(positions)
}

// checkPeriods refuses expressions on metrics of several periods: which period the result has then, AWS does not
// document.
func (p *plan) checkPeriods() error {
	periods := map[string]time.Duration{}
	for _, i := range p.order {
		n := p.nodes[i]
		id, period := aws.ToString(n.query.Id), n.period
		if n.expression != nil {
			for _, to := range n.expression.ids(nil) {
				if period != 0 && period != periods[to] {
					return validationError("Error in expression '%s': metrics of several periods in one expression are not simulated.", id)
				}
				period = periods[to]
			}
		}
		periods[id] = period
	}
	return nil
}

func newNode(parameter string, member int, query types.MetricDataQuery) (node, error) {
	n := node{query: query}
	id := aws.ToString(query.Id)
	if query.Period != nil {
		return n, validationError("The parameter %s.member.%d.Period is not simulated: give the period of the MetricStat.", parameter, member)
	}
	if (query.Expression == nil) == (query.MetricStat == nil) {
		return n, validationError("The parameter %s.member.%d must have either MetricStat or Expression, but not both.", parameter, member)
	}
	if query.Expression != nil {
		text := *query.Expression
		if len(text) > maxExpressionLength {
			return n, validationError("The parameter %s.member.%d.Expression must not be longer than %d characters.", parameter, member, maxExpressionLength)
		}
		if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "SELECT ") {
			return n, validationError("Error in expression '%s': Metrics Insights queries are not simulated.", id)
		}
		parsed, err := parseExpression(text)
		if err != nil {
			return n, validationError("Error in expression '%s': %v.", id, err)
		}
		if len(parsed.ids(nil)) == 0 {
			return n, validationError("Error in expression '%s': the expression must return a time series.", id)
		}
		n.expression = parsed
		return n, nil
	}
	stat := query.MetricStat
	if stat.Metric == nil || aws.ToString(stat.Metric.Namespace) == "" || aws.ToString(stat.Metric.MetricName) == "" {
		return n, validationError("The parameters %s.member.%d.MetricStat.Metric.Namespace and MetricName are required.", parameter, member)
	}
	if message := checkPeriod(stat.Period); message != "" {
		return n, validationError("The parameter %s.member.%d.MetricStat.Period %s", parameter, member, message)
	}
	if message := checkDimensions(stat.Metric.Dimensions); message != "" {
		return n, validationError("The parameter %s.member.%d.MetricStat.Metric.Dimensions %s", parameter, member, message)
	}
	if stat.Unit != "" && !slices.Contains(stat.Unit.Values(), stat.Unit) {
		return n, validationError("The value %s for parameter %s.member.%d.MetricStat.Unit is not a valid unit.", stat.Unit, parameter, member)
	}
	parsed, message := parseStatistic(aws.ToString(stat.Stat))
	if message != "" {
		return n, validationError("The parameter %s.member.%d.MetricStat.Stat is invalid: %s.", parameter, member, message)
	}
	n.statistic = parsed
	n.period = time.Duration(*stat.Period) * time.Second
	return n, nil
}

// sort orders the queries by their references and refuses unknown ids and cycles.
func (p *plan) sort(positions map[string]int) error {
	const visiting, done = 1, 2
	state := make([]int, len(p.nodes))
	var visit func(i int) error
	visit = func(i int) error {
		id := aws.ToString(p.nodes[i].query.Id)
		switch state[i] {
		case done:
			return nil
		case visiting:
			return validationError("Error in expression '%s': circular reference.", id)
		}
		state[i] = visiting
		if p.nodes[i].expression != nil {
			for _, to := range p.nodes[i].expression.ids(nil) {
				next, ok := positions[to]
				if !ok {
					return validationError("Error in expression '%s': unknown identifier %s.", id, to)
				}
				if err := visit(next); err != nil {
					return err
				}
			}
		}
		state[i] = done
		p.order = append(p.order, i)
		return nil
	}
	for i := range p.nodes {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

// compute returns the series of every query by id for the data points with time stamps from start
// (inclusive) to end (exclusive). Data points are aligned to start, as in the examples of the AWS CLI
// reference (get-metric-statistics), and an incomplete last period has the data up to end.
func (s *Service) compute(p *plan, start, end time.Time) map[string]series {
	values := make(map[string]series, len(p.nodes))
	for _, i := range p.order {
		n := p.nodes[i]
		id := aws.ToString(n.query.Id)
		if n.expression != nil {
			values[id] = n.expression.eval(values).series
			continue
		}
		stat := n.query.MetricStat
		var m *metric // of a linked account there are no data
		if account := aws.ToString(n.query.AccountId); account == "" || account == s.accountID {
			m = s.find(aws.ToString(stat.Metric.Namespace), aws.ToString(stat.Metric.MetricName), stat.Metric.Dimensions)
		}
		values[id] = m.series(n.statistic, stat.Unit, n.period, start, end)
	}
	return values
}

// series returns one statistic of the metric on a grid; a nil metric has no data points.
func (m *metric) series(st statistic, unit types.StandardUnit, period time.Duration, start, end time.Time) series {
	result := series{start: start, end: end, period: period, values: map[int64]float64{}, samples: map[int64]float64{}}
	if m == nil {
		return result
	}
	for _, t := range result.timestamps() {
		until := t.Add(period)
		if until.After(end) {
			until = end
		}
		b := m.aggregate(unit, t, until, st.basic == "")
		if value, ok := st.of(b); ok {
			result.values[t.Unix()] = value
			result.samples[t.Unix()] = b.count
		}
	}
	return result
}
