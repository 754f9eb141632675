package claim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
)

// account is the simulated account, as the account role of any cluster sees it.
type account struct {
	*sim.World
	clock   *clocktesting.FakeClock
	session *aws.Session
	person  *ssm.Client // of the platform team
}

func newAccount(t *testing.T) *account {
	t.Helper()
	g := NewWithT(t)
	a := &account{clock: clocktesting.NewFakeClock(start)}
	var err error
	a.World, err = reactstocks.New(t.Context(), sim.Options{Seed: 7, Clock: a.clock, Wall: clocktesting.NewFakeClock(start)}, reactstocks.Steady)
	g.Expect(err).NotTo(HaveOccurred())
	a.Quotas().Disable()
	endpoint, stop, err := a.Start("127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	plenty := aws.Budget{PerSecond: 1e6, Burst: 1e6}
	clients, err := aws.New(t.Context(), aws.Options{
		Clock: a.clock, Wall: clocktesting.NewFakeClock(start), Budgets: aws.Budgets{STS: plenty, ParameterReads: plenty, ParameterWrites: plenty},
		Load: []func(*config.LoadOptions) error{
			config.WithBaseEndpoint(endpoint), config.WithRegion(reactstocks.Region),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
		},
	})
	g.Expect(err).NotTo(HaveOccurred())
	a.session, err = clients.Session(t.Context(), aws.Access{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.AccountRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())
	a.person = ssm.New(ssm.Options{
		BaseEndpoint: &endpoint, Region: reactstocks.Region, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
	return a
}

func TestOfTwoWhoClaimAtOnceOneHoldsTheClaim(t *testing.T) {
	g := NewWithT(t)
	a := newAccount(t)
	for _, c := range []Cluster{blue, green} { // both have read that there is none
		_, err := Write(t.Context(), a.session, Create, nil, c, start)
		if c == blue {
			g.Expect(err).NotTo(HaveOccurred())
			continue
		}
		g.Expect(fault.Is(err, aws.ReasonExists)).To(BeTrue())
		g.Expect(fault.From(err).Refused).To(BeTrue())
	}
	found, err := Read(t.Context(), a.session)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Holder).To(Equal(blue))
}

// The four steps of a heartbeat and a takeover at the same moment, in every order: who writes second knows it, and nobody
// but the one whom the claim names can act.
func TestAHeartbeatAndATakeoverAtTheSameMoment(t *testing.T) {
	for _, order := range []string{"hHtT", "htHT", "htTH", "thHT", "thTH", "tThH"} { // h, t: read; H, T: write
		t.Run(order, func(t *testing.T) {
			g := NewWithT(t)
			a := newAccount(t)
			_, err := Write(t.Context(), a.session, Create, nil, blue, start)
			g.Expect(err).NotTo(HaveOccurred())
			a.clock.Step(Interval)
			now := a.clock.Now()
			read := map[Cluster]*Claim{}
			fails := map[Cluster]error{}
			for _, move := range order {
				switch move {
				case 'h', 't':
					who := map[rune]Cluster{'h': blue, 't': green}[move]
					read[who], err = Read(t.Context(), a.session)
					g.Expect(err).NotTo(HaveOccurred())
				case 'H', 'T':
					who := map[rune]Cluster{'H': blue, 'T': green}[move]
					step := Decide(read[who], who, Order{From: blue.UID}, now)
					if step == Renew || step == TakeOver {
						_, fails[who] = Write(t.Context(), a.session, step, read[who], who, now)
					}
				}
			}
			found, err := Read(t.Context(), a.session)
			g.Expect(err).NotTo(HaveOccurred())
			crossed := order[1] != 'H' && order[1] != 'T' // both had read before one wrote
			second := map[byte]Cluster{'H': blue, 'T': green}[order[3]]
			for _, c := range []Cluster{blue, green} {
				g.Expect(fault.Is(fails[c], v1alpha1.ReasonClaimContended)).To(Equal(crossed && c == second), "%s is told", c)
			}
			acts := 0
			for _, c := range []Cluster{blue, green} {
				if Confirm(t.Context(), a.session, c, now) == nil {
					g.Expect(found.Holder).To(Equal(c))
					acts++
				}
			}
			g.Expect(acts).To(BeNumerically("<=", 1))
		})
	}
}

// actor is one cluster that reads, writes and acts whenever the dice say so.
type actor struct {
	me     Cluster
	read   *Claim
	step   Step
	readAt time.Time
	asked  bool // it has read and not written yet
	acts   []time.Time
}

// Two clusters, a person who names the one and the other, or deletes the claim, reads that are half a minute old and
// writes that arrive half a minute late: what one of them may have under way never meets what the other has.
func TestTwoClustersNeverActAtOnce(t *testing.T) {
	const late, stale = 30, 30 // seconds
	window := CallWindow + late*time.Second
	acted, handedOver := 0, 0
	a := newAccount(t)
	for seed := range uint64(25) {
		g := NewWithT(t)
		dice := rand.New(rand.NewPCG(seed, 3))
		forget(t, a)
		actors := []*actor{{me: blue}, {me: green}}
		named := ""
		story := ""
		tell := func(format string, args ...any) {
			story += fmt.Sprintf("%s ", a.clock.Now().Format(time.TimeOnly)) + fmt.Sprintf(format, args...) + "\n"
		}
		for range 250 {
			a.clock.Step(time.Duration(dice.IntN(10)) * time.Second)
			now := a.clock.Now()
			x := actors[dice.IntN(2)]
			id := a.Faults().Add(faults.Rule{Action: "ssm:Get*", Effect: faults.Effect{Stale: time.Duration(dice.IntN(stale)) * time.Second}})
			switch n := dice.IntN(20); {
			case n == 0:
				named = actors[dice.IntN(2)].me.UID
				tell("a person names %s", named)
			case n == 1 && dice.IntN(8) == 0:
				forget(t, a)
				tell("a person deletes the claim")
			case x.asked && now.Sub(x.readAt) > WriteWindow+late*time.Second:
				x.asked = false // it never left
			case n < 9 && x.asked:
				_, err := Write(t.Context(), a.session, x.step, x.read, x.me, x.readAt)
				tell("%s writes %s: %v", x.me, x.step, err)
				x.asked = false
			case n < 9:
				found, err := Read(t.Context(), a.session)
				g.Expect(err).NotTo(HaveOccurred())
				x.read, x.readAt, x.step = found, now, Decide(found, x.me, Order{From: named}, now)
				x.asked = x.step != Keep && x.step != Leave
			default:
				if Confirm(t.Context(), a.session, x.me, now) == nil {
					x.acts = append(x.acts, now)
					tell("%s acts", x.me)
				}
			}
			a.Faults().Remove(id)
		}
		for _, one := range actors[0].acts {
			for _, other := range actors[1].acts {
				g.Expect(one.Sub(other).Abs()).To(BeNumerically(">", window), "seed %d:\n%s", seed, story)
			}
		}
		acted += len(actors[0].acts) + len(actors[1].acts)
		if len(actors[0].acts) > 0 && len(actors[1].acts) > 0 {
			handedOver++
		}
	}
	g := NewWithT(t)
	g.Expect(acted).To(BeNumerically(">", 300), "clusters did act")
	g.Expect(handedOver).To(BeNumerically(">", 6), "and in many stories both did")
}

// forget deletes the claim as a person does.
func forget(t *testing.T, a *account) {
	t.Helper()
	_, err := a.person.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: awssdk.String(ParameterName)})
	var none *types.ParameterNotFound
	if err != nil && !errors.As(err, &none) {
		t.Fatal(err)
	}
}
