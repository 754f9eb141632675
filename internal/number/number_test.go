package number

import (
	"math"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
)

// pattern is that of v1alpha1.Number.
var pattern = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,9})?$`)

func TestNumbersAreWrittenAsTheAPIWantsThem(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string
	}{
		{0, "0"}, {-0.0000000001, "0"}, {100, "100"}, {1.5, "1.5"}, {-2.25, "-2.25"}, {1.0 / 3, "0.333333333"},
		{1e17, "100000000000000000"}, {0.1 + 0.2, "0.3"},
	} {
		g := NewWithT(t)
		got := Format(c.in)
		g.Expect(got).NotTo(BeNil())
		g.Expect(string(*got)).To(Equal(c.want))
		g.Expect(pattern.MatchString(string(*got))).To(BeTrue())
		back, ok := Parse(got)
		g.Expect(ok).To(BeTrue())
		g.Expect(back).To(BeNumerically("~", c.in, 1e-9))
	}
}

func TestPeopleReadNoMoreDigitsThanTheyNeed(t *testing.T) {
	g := NewWithT(t)
	for in, want := range map[float64]string{10060.733333333: "10061", 10.4: "10", 9.96: "10", 3.14159: "3.1", 0.04: "0", -0.01: "0", 7: "7"} {
		g.Expect(Short(in)).To(HaveValue(BeEquivalentTo(want)))
	}
	g.Expect(Short(math.Inf(1))).To(BeNil())
	g.Expect(Of(1, "grant")).To(Equal("1 grant"))
	g.Expect(Of(int32(2), "grant")).To(Equal("2 grants"))
	g.Expect(Of(0, "grant")).To(Equal("0 grants"))
}

func TestWhatIsNoNumberIsAbsent(t *testing.T) {
	g := NewWithT(t)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e18} {
		g.Expect(Format(v)).To(BeNil())
	}
	_, ok := Parse(nil)
	g.Expect(ok).To(BeFalse())
}
