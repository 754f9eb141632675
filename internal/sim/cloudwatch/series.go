package cloudwatch

import (
	"math"
	"time"
)

// series is a time series on a grid: the time stamps start, start+period, ... before end.
type series struct {
	start, end time.Time
	period     time.Duration
	values     map[int64]float64 // by Unix second of the time stamp; missing data points have none
	samples    map[int64]float64 // sample counts; only of metrics, not of expressions
}

// timestamps returns the grid in ascending order.
func (s series) timestamps() []time.Time {
	var all []time.Time
	for t := s.start; t.Before(s.end); t = t.Add(s.period) {
		all = append(all, t)
	}
	return all
}

// operand is the value of an expression: a time series, or a scalar.
type operand struct {
	series
	isScalar bool
	scalar   float64
}

func (n number) eval(map[string]series) operand { return operand{isScalar: true, scalar: float64(n)} }

func (r reference) eval(values map[string]series) operand { return operand{series: values[string(r)]} }

func (n negation) eval(values map[string]series) operand {
	return combine(operand{isScalar: true, scalar: 0}, n.of.eval(values), func(zero, value float64) float64 { return zero - value })
}

func (b binary) eval(values map[string]series) operand {
	return combine(b.left.eval(values), b.right.eval(values), func(x, y float64) float64 {
		switch b.operator {
		case '+':
			return x + y
		case '-':
			return x - y
		case '*':
			return x * y
		default:
			return x / y
		}
	})
}

// eval fills the missing data points of the grid. With REPEAT each gap gets the last value before it;
// a gap at the beginning stays.
func (f fill) eval(values map[string]series) operand {
	of := f.of.eval(values)
	filled := of.series
	filled.values = make(map[int64]float64, len(of.values))
	var last float64
	known := false
	if !f.repeat {
		last, known = f.with.eval(values).scalar, true
	}
	for _, t := range of.timestamps() {
		value, ok := of.values[t.Unix()]
		switch {
		case ok && f.repeat:
			last, known = value, true
		case !ok && known:
			value, ok = last, true
		}
		if ok {
			filled.values[t.Unix()] = value
		}
	}
	return operand{series: filled}
}

// combine applies an operation data point by data point, to series of one period. A data point missing on one side is missing
// in the result, and so is one without a finite value: a division by zero yields no data point.
func combine(left, right operand, operation func(x, y float64) float64) operand {
	if left.isScalar && right.isScalar {
		return operand{isScalar: true, scalar: operation(left.scalar, right.scalar)}
	}
	grid := left.series
	if left.isScalar {
		grid = right.series
	}
	result := series{start: grid.start, end: grid.end, period: grid.period, values: make(map[int64]float64, len(grid.values))}
	for at := range grid.values {
		x, okX := left.at(at)
		y, okY := right.at(at)
		value := operation(x, y)
		if okX && okY && !math.IsNaN(value) && !math.IsInf(value, 0) {
			result.values[at] = value
		}
	}
	return operand{series: result}
}

func (o operand) at(timestamp int64) (float64, bool) {
	if o.isScalar {
		return o.scalar, true
	}
	value, ok := o.values[timestamp]
	return value, ok
}
