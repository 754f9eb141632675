package traffic

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"
)

// Point is a value at a moment after the profile began.
type Point struct {
	// After is the time since the profile began.
	After time.Duration
	// Value is the value at that moment.
	Value float64
}

// Profile is a quantity over time: straight lines between points, the first value before them and the last after them,
// with a daily rhythm and noise on top.
type Profile struct {
	// Points are in order of time, at least one.
	Points []Point
	// Daily is the amplitude of a sine with a period of 24 hours, as a share of the value, 0 to 1. It peaks at 18:00 UTC.
	Daily float64
	// Noise is the largest random deviation as a share of the value, 0 to 1, drawn anew every second from the seed.
	Noise float64
}

// Steady is a constant value.
func Steady(value float64) Profile { return Profile{Points: []Point{{0, value}}} }

// Ramp changes from one value to another, beginning after a time and lasting a time. A fall is a ramp down.
func Ramp(from, to float64, after, over time.Duration) Profile {
	return Profile{Points: []Point{{after, from}, {after + over, to}}}
}

// Spike rises from a base to a peak, holds it, and falls back as fast as it rose.
func Spike(base, peak float64, after, rise, hold time.Duration) Profile {
	return Profile{Points: []Point{{after, base}, {after + rise, peak}, {after + rise + hold, peak}, {after + 2*rise + hold, base}}}
}

// WithNoise returns the profile with random deviations.
func (p Profile) WithNoise(share float64) Profile {
	p.Noise = share
	return p
}

// WithDaily returns the profile with a daily rhythm.
func (p Profile) WithDaily(share float64) Profile {
	p.Daily = share
	return p
}

// at is the value at a moment; from is when the profile began. It depends on nothing but its arguments.
func (p Profile) at(t, from time.Time, seed int64, name string) float64 {
	if len(p.Points) == 0 {
		return 0
	}
	v := p.line(t.Sub(from))
	if p.Daily != 0 {
		hours := float64(t.Unix()%86400) / 3600
		v *= 1 + p.Daily*math.Sin((hours-12)/24*2*math.Pi)
	}
	if p.Noise != 0 {
		v *= 1 + p.Noise*deviation(seed, name, t.Unix())
	}
	return max(0, v)
}

func (p Profile) line(d time.Duration) float64 {
	last := p.Points[0]
	for _, next := range p.Points {
		if d < next.After {
			if next.After == last.After {
				return last.Value
			}
			share := float64(d-last.After) / float64(next.After-last.After)
			return last.Value + max(0, share)*(next.Value-last.Value)
		}
		last = next
	}
	return last.Value
}

// deviation is a number in [-1, 1) that depends on seed, name and second only, so that steps of any size see the same.
func deviation(seed int64, name string, second int64) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatInt(seed, 10) + "/" + name + "/" + strconv.FormatInt(second, 10)))
	x := h.Sum64()
	// FNV mixes the last bytes too little for neighbouring seconds; this is the finalizer of MurmurHash3.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11)/float64(1<<52) - 1
}
