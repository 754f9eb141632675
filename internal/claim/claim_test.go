package claim

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

var (
	blue  = Cluster{UID: "0f4c5b1e-2b44-4d7e-9b39-1d6f1f1f0a01", Name: "blue"}
	green = Cluster{UID: "7a0d9c55-8c1e-4f0a-8a3b-2e6f5d4c3b02"}
	third = "11111111-2222-4333-8444-555555555555"
	start = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
)

// claimed is a claim of a cluster whose last heartbeat is so old.
func claimed(by Cluster, age time.Duration) *Claim {
	return &Claim{Holder: by, Since: start.Add(-30 * 24 * time.Hour), Heartbeat: start.Add(-age), Version: 7}
}

func TestNobodyTakesAClaimByTime(t *testing.T) {
	back := claimed(green, time.Minute)
	back.TakenOverFrom = blue.UID
	order := func(uid string) Order { return Order{From: uid} }
	for name, c := range map[string]struct {
		found *Claim
		order Order
		want  Step
	}{
		"nobody has it":                                      {nil, Order{}, Create},
		"nobody has it, whoever was named":                   {nil, order(third), Create},
		"it was renewed a moment ago":                        {claimed(blue, time.Minute), Order{}, Keep},
		"its heartbeat is due":                               {claimed(blue, Interval), Order{}, Renew},
		"it was not renewed for days":                        {claimed(blue, 72*time.Hour), Order{}, Renew},
		"its heartbeat is in the future":                     {claimed(blue, -time.Hour), Order{}, Keep},
		"another has it":                                     {claimed(green, time.Minute), Order{}, Leave},
		"another has it, and was silent for a week":          {claimed(green, 7*24*time.Hour), Order{}, Leave},
		"another has it, and a third was named":              {claimed(green, time.Hour), order(third), Leave},
		"another has it, and was named":                      {claimed(green, time.Second), order(green.UID), TakeOver},
		"another wrote over a takeover":                      {claimed(green, time.Second), Order{green.UID, true}, TakeOver},
		"another has it back, by a later order":              {back, Order{green.UID, true}, Leave},
		"another has it back, and was named since":           {back, order(green.UID), TakeOver},
		"this one has it, and was named: that is nobody":     {claimed(blue, time.Minute), order(blue.UID), Keep},
		"this one has it, since the one named had it before": {claimed(blue, Interval), Order{green.UID, true}, Renew},
	} {
		NewWithT(t).Expect(Decide(c.found, blue, c.order, start)).To(Equal(c.want), name)
	}
}

func TestAHeartbeatMovesNothingElse(t *testing.T) {
	g := NewWithT(t)
	found := claimed(blue, Interval)
	found.TakenOverFrom = green.UID
	next := Next(Renew, found, blue, start)
	g.Expect(next.Heartbeat).To(Equal(start))
	g.Expect(next.Since).To(Equal(found.Since))
	g.Expect(next.TakenOverFrom).To(Equal(green.UID))
	over := Next(TakeOver, claimed(green, 0), blue, start)
	g.Expect(over).To(Equal(Claim{Holder: blue, Since: start, Heartbeat: start, TakenOverFrom: green.UID}))
}

func TestWhatIsWrittenIsReadAsItWas(t *testing.T) {
	g := NewWithT(t)
	for _, c := range []Claim{Next(Create, nil, blue, start), Next(TakeOver, claimed(blue, 0), green, start)} {
		text, err := c.value()
		g.Expect(err).NotTo(HaveOccurred())
		read, ok := parse(text)
		g.Expect(ok).To(BeTrue())
		g.Expect(read).To(Equal(c))
	}
}

func TestWhatIsNoClaimIsNone(t *testing.T) {
	good := `{"cluster":"` + blue.UID + `","since":"2026-11-23T03:00:00Z","heartbeat":"2026-11-23T03:00:00Z"`
	for _, text := range []string{
		"", "null", "[]", "42", "hands off", good, good + "}}", `{}`,
		`{"cluster":"` + blue.UID + `"}`,
		`{"cluster":"` + blue.UID + `","since":"2026-11-23T03:00:00Z"}`,
		`{"cluster":"` + blue.UID + `","since":"yesterday","heartbeat":"2026-11-23T03:00:00Z"}`,
		`{"cluster":"` + blue.UID + `","since":"1999-11-23T03:00:00Z","heartbeat":"2026-11-23T03:00:00Z"}`,
		`{"cluster":"` + blue.UID + `","since":"2026-11-23T03:00:00Z","heartbeat":"2150-11-23T03:00:00Z"}`,
		`{"cluster":"","since":"2026-11-23T03:00:00Z","heartbeat":"2026-11-23T03:00:00Z"}`,
		`{"cluster":"blue\nkubectl delete","since":"2026-11-23T03:00:00Z","heartbeat":"2026-11-23T03:00:00Z"}`,
		`{"cluster":["` + blue.UID + `"],"since":"2026-11-23T03:00:00Z","heartbeat":"2026-11-23T03:00:00Z"}`,
	} {
		_, ok := parse(text)
		NewWithT(t).Expect(ok).To(BeFalse(), text)
	}
	g := NewWithT(t)
	c, ok := parse(good + `,"name":"x'; rm -rf / #","takenOverFrom":"me","more":1}`)
	g.Expect(ok).To(BeTrue(), "a later version may write more")
	g.Expect(c.Holder.Name).To(BeEmpty(), "text from outside is not shown")
	g.Expect(c.TakenOverFrom).To(BeEmpty())
}

func TestAClusterHasAUIDOfKubernetesAndMayHaveAName(t *testing.T) {
	g := NewWithT(t)
	c, err := NewCluster(blue.UID, "eks/prod-eu.blue")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.String()).To(Equal(blue.UID + " (eks/prod-eu.blue)"))
	for _, name := range []string{"two words", "-", strings.Repeat("a", 65), "a'b"} {
		_, err = NewCluster(blue.UID, name)
		g.Expect(err).To(HaveOccurred(), name)
	}
	_, err = NewCluster("", "blue")
	g.Expect(err).To(HaveOccurred())
}

func TestTheWordsForPeopleSayWhoSinceWhenAndHowToTakeOver(t *testing.T) {
	g := NewWithT(t)
	alive, gone := claimed(blue, time.Minute), claimed(blue, 3*time.Hour)
	g.Expect(alive.Foreign(start)).To(Equal("cluster " + blue.UID + " (blue) holds the claim since 2026-10-24T03:00:00Z; its last heartbeat is less than 10 minutes old"))
	g.Expect(gone.Foreign(start)).To(HaveSuffix("its last heartbeat was at 2026-11-23T00:00:00Z, more than 3 hours ago: it may be gone, which only a person can tell"))
	how := gone.HowToTakeOver("prod", green)
	g.Expect(how).To(ContainSubstring("\nspec:\n  claim:\n    takeOverFrom: " + blue.UID + "\n"))
	g.Expect(how).To(ContainSubstring(`kubectl patch awsaccount prod --type=merge -p '{"spec":{"claim":{"takeOverFrom":"` + blue.UID + `"}}}'`))
}

// The condition of a holder that is silent is written anew only now and then.
func TestTheWordsChangeSeldom(t *testing.T) {
	g := NewWithT(t)
	count := func(within time.Duration) int {
		seen := map[string]bool{}
		for age := time.Duration(0); age < within; age += Interval {
			seen[claimed(blue, 0).Foreign(start.Add(age))] = true
		}
		return len(seen)
	}
	g.Expect(count(time.Hour)).To(Equal(6))
	g.Expect(count(48 * time.Hour)).To(Equal(6 + 47))
	g.Expect(count(30 * 24 * time.Hour)).To(Equal(6 + 47 + 28))
}

// What may be under way when a claim was taken, and when it cannot arrive any more.
func TestAClaimSettlesLaterThanAnythingOfItsLastHolderCanArrive(t *testing.T) {
	const late, stale = 30 * time.Second, 30 * time.Second // of a write or call, and of a read
	const taken = WriteWindow + late                       // the claim says so, at the latest
	g := NewWithT(t)
	g.Expect(Settle).To(BeNumerically(">", taken+stale+CallWindow+late), "a change upon the claim as it was before")
	g.Expect(Settle).To(BeNumerically(">", taken+stale+WriteWindow+late+stale), "a heartbeat upon it, and a read that does not show that yet")
}
