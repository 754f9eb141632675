package lambda

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
)

// latestVersion is the name of the unpublished version.
const latestVersion = "$LATEST"

// function is one function with its versions and aliases.
type function struct {
	name      string
	latest    *version // $LATEST as the API shows it
	serving   *version // what $LATEST runs: during an update still the code and configuration before it
	published []*version
	aliases   map[string]*alias
	reserved  *int32
	tags      map[string]string
	updateDue time.Time            // when the update in progress finishes; zero for none
	failing   faults.UpdateFailure // how the update in progress fails; the zero value when it does not
	failed    faults.UpdateFailure // how the last update failed
	issued    *issued              // shared with every function of this name before and after
}

// issued counts what a function's name was given, whichever function bore it: a RevisionId never comes again, and
// "Version numbers are never reused, even for a function that has been deleted and recreated" (Lambda Developer Guide,
// "Introduction to AWS Lambda versioning").
type issued struct {
	revisions int
	versions  int // number of the newest published version
}

// version is the code and configuration of $LATEST or of one published version.
type version struct {
	number       string
	description  string
	runtime      types.Runtime
	handler      string
	role         string
	codeSHA256   string
	codeSize     int64
	memory       int32
	timeout      int32
	ephemeral    int32
	tracing      types.TracingMode
	architecture types.Architecture
	// capacityProvider is the ARN of that of managed instances, or "".
	capacityProvider string
	environment      map[string]string
	modified         time.Time
	revisionID       string
}

// alias points to one version, or splits calls between two.
type alias struct {
	name        string
	description string
	version     string
	weights     map[string]float64
	revisionID  string
}

func (v *version) clone() *version {
	c := *v
	c.environment = maps.Clone(v.environment)
	return &c
}

func (a *alias) clone() *alias {
	c := *a
	c.weights = maps.Clone(a.weights)
	return &c
}

func (f *function) clone() *function {
	c := *f
	c.latest, c.serving = f.latest.clone(), f.serving.clone()
	c.published = nil
	for _, v := range f.published {
		c.published = append(c.published, v.clone())
	}
	c.aliases = map[string]*alias{}
	for name, a := range f.aliases {
		c.aliases[name] = a.clone()
	}
	if f.reserved != nil {
		n := *f.reserved
		c.reserved = &n
	}
	c.tags = maps.Clone(f.tags)
	return &c
}

// config is everything of a version that PublishVersion compares and ConfigSha256 covers, in canonical text.
func (v *version) config() string {
	keys := slices.Sorted(maps.Keys(v.environment))
	s := fmt.Sprintf("%q %q %q %d %d %d %q %q", v.runtime, v.handler, v.role, v.memory, v.timeout, v.ephemeral, v.tracing, v.architecture)
	if v.capacityProvider != "" {
		s += fmt.Sprintf(" %q", v.capacityProvider)
	}
	for _, k := range keys {
		s += fmt.Sprintf(" %q=%q", k, v.environment[k])
	}
	return s
}

// sameAs says whether publishing v would make nothing new: "Lambda doesn't publish a version if the function's
// configuration and code haven't changed since the last version" (API Reference, PublishVersion).
func (v *version) sameAs(o *version) bool {
	return v.codeSHA256 == o.codeSHA256 && v.config() == o.config()
}

// find returns a version by its number, or nil.
func (f *function) find(number string) *version {
	if number == latestVersion {
		return f.latest
	}
	for _, v := range f.published {
		if v.number == number {
			return v
		}
	}
	return nil
}

// resolve returns the version that a qualifier names, "" meaning $LATEST; nil when there is none.
func (f *function) resolve(qualifier string) *version {
	if qualifier == "" {
		return f.latest
	}
	if a, ok := f.aliases[qualifier]; ok {
		return f.find(a.version)
	}
	return f.find(qualifier)
}

func (f *function) updating() bool { return !f.updateDue.IsZero() }

// publish copies $LATEST into a new version. The caller has checked that it may.
func (f *function) publish(description string, seed int64) *version {
	f.issued.versions++
	v := f.latest.clone()
	v.number = strconv.Itoa(f.issued.versions)
	if description != "" {
		v.description = description
	}
	v.revisionID = f.nextRevision(seed)
	f.published = append(f.published, v)
	return v
}

// nextRevision makes an ID in the form of a UUID from the world's seed, the function and a counter.
func (f *function) nextRevision(seed int64) string {
	f.issued.revisions++
	h := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d", seed, f.name, f.issued.revisions))
	x := hex.EncodeToString(h[:16])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

func sha256Base64(b []byte) string {
	h := sha256.Sum256(b)
	return base64.StdEncoding.EncodeToString(h[:])
}
