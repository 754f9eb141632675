package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/sts"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

func TestFrozenRequestsOfEveryServedOperationDecodeAndEncodeAgain(t *testing.T) {
	for _, u := range servicesUnderTest() {
		dir := moduleDir(t, u.module)
		for _, op := range u.wire.Operations {
			t.Run(u.module+"/"+op.Name(), func(t *testing.T) {
				snap, ok := readSnapshot(t, filepath.Join(dir, "request_snapshot", op.Name()+".request.snap"), true)
				if !ok {
					t.Fatal("the module ships no request of this operation")
				}
				c := decoded(t, u.wire, snap)
				if c.Operation != op.Name() || c.Service != u.wire.Name {
					t.Fatalf("routed to %s %s", c.Service, c.Operation)
				}
				var first, contentType string
				var body []byte
				client := u.client(testConfig(func(r *http.Request) (*http.Response, error) {
					first = r.Method + " " + r.URL.EscapedPath()
					if r.URL.RawQuery != "" {
						first += "?" + r.URL.RawQuery
					}
					contentType = r.Header.Get("Content-Type")
					if r.Body != nil {
						body, _ = io.ReadAll(r.Body)
					}
					return nil, errStop
				}))
				if _, err := call(t, client, op.Name(), c.Input); !errors.Is(err, errStop) {
					t.Fatalf("encoding again: %v", err)
				}
				g := NewWithT(t)
				g.Expect(first).To(Equal(snap.first))
				g.Expect(contentType).To(Equal(snap.header.Get("Content-Type")))
				if diff := cmp.Diff(canonical(t, contentType, snap.body), canonical(t, contentType, body)); diff != "" {
					t.Errorf("the body differs (-frozen +encoded):\n%s", diff)
				}
			})
		}
	}
}

// frozen answers a client with a frozen response.
func frozen(t *testing.T, snap snapshot) roundTripper {
	t.Helper()
	status, err := strconv.Atoi(snap.first)
	if err != nil {
		t.Fatal(err)
	}
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: snap.header.Clone(), Body: io.NopCloser(bytes.NewReader(snap.body))}, nil
	}
}

func TestFrozenResponsesAreWhatTheServerAnswers(t *testing.T) {
	compared := 0
	for _, u := range servicesUnderTest() {
		dir := moduleDir(t, u.module)
		for _, op := range u.wire.Operations {
			snap, ok := readSnapshot(t, filepath.Join(dir, "response_snapshot", op.Name()+".response.snap"), false)
			if !ok {
				continue
			}
			compared++
			t.Run(u.module+"/"+op.Name(), func(t *testing.T) {
				asked, _ := readSnapshot(t, filepath.Join(dir, "request_snapshot", op.Name()+".request.snap"), true)
				in := decoded(t, u.wire, asked).Input
				out, err := call(t, u.client(testConfig(frozen(t, snap))), op.Name(), in)
				if err != nil {
					t.Fatal(err)
				}
				resp := serveOnce(u.wire, request(t, asked), func(_ context.Context, c *wire.Call) (any, error) {
					c.RequestID = "id"
					return out, nil
				})
				body, err := io.ReadAll(resp.Body)
				g := NewWithT(t)
				g.Expect(err).NotTo(HaveOccurred())
				// The frozen responses all say 200; the operation's http trait knows the real status.
				g.Expect(resp.StatusCode).To(Equal(op.StatusCode()))
				g.Expect(resp.Header.Get("X-Amzn-Requestid")).To(Equal("id"))
				contentType := resp.Header.Get("Content-Type")
				if diff := cmp.Diff(noEmpty(canonical(t, contentType, snap.body)), noEmpty(canonical(t, contentType, body))); diff != "" {
					t.Errorf("the body differs (-frozen +served):\n%s", diff)
				}
			})
		}
	}
	NewWithT(t).Expect(compared).To(BeNumerically(">", 25))
}

// noEmpty makes an empty document equal to none: both mean an output without members.
func noEmpty(v any) any {
	switch m := v.(type) {
	case map[string]any:
		if len(m) == 0 {
			return nil
		}
	case cbor.Map:
		if len(m) == 0 {
			return nil
		}
	}
	return v
}

func TestEveryModelledErrorReachesTheClientAsItsType(t *testing.T) {
	for _, u := range servicesUnderTest() {
		dir := moduleDir(t, u.module)
		paths, err := filepath.Glob(filepath.Join(dir, "response_snapshot", "*.error.snap"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("the module %s ships no errors: %v", u.module, err)
		}
		sort.Strings(paths)
		op := u.wire.Operations[0]
		asked, _ := readSnapshot(t, filepath.Join(dir, "request_snapshot", op.Name()+".request.snap"), true)
		for _, path := range paths {
			t.Run(u.module+"/"+filepath.Base(path), func(t *testing.T) {
				snap, _ := readSnapshot(t, path, false)
				in := decoded(t, u.wire, asked).Input
				_, want := call(t, u.client(testConfig(frozen(t, snap))), op.Name(), in)
				modelled := innermost(want)
				var status int
				_, got := call(t, u.client(testConfig(func(r *http.Request) (*http.Response, error) {
					resp := serveOnce(u.wire, r, func(context.Context, *wire.Call) (any, error) { return nil, modelled })
					status = resp.StatusCode
					return resp, nil
				})), op.Name(), in)
				g := NewWithT(t)
				g.Expect(strconv.Itoa(status)).To(Equal(snap.first))
				g.Expect(reflect.TypeOf(innermost(got))).To(Equal(reflect.TypeOf(modelled)))
				if diff := cmp.Diff(fmt.Sprintf("%+v", without(modelled)), fmt.Sprintf("%+v", without(innermost(got)))); diff != "" {
					t.Errorf("the error differs (-frozen +served):\n%s", diff)
				}
			})
		}
	}
}

// innermost unwraps an error to the type of the service.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// without is an error's members as JSON, except the code that the client adds from the x-amzn-query-error header.
func without(err error) map[string]any {
	b, _ := json.Marshal(err)
	m := map[string]any{}
	_ = json.Unmarshal(b, &m)
	delete(m, "ErrorCodeOverride")
	return m
}

func TestFrozenRequestsOfSTSDecode(t *testing.T) {
	dir := moduleDir(t, "sts")
	s := sts.New(sts.Options{Directory: iam.NewDirectory("123456789012")}).Wire()
	server := func(snap snapshot) *wire.Call {
		var got *wire.Call
		m := func(_ context.Context, c *wire.Call) (any, error) {
			got = c
			return nil, &wire.Error{Code: "Stop", Status: http.StatusTeapot}
		}
		wire.NewServer(wire.NewRouter([]wire.Service{servicesUnderTest()[0].wire}, []wire.QueryService{s}), m).
			ServeHTTP(httptest.NewRecorder(), request(t, snap))
		return got
	}
	g := NewWithT(t)
	snapshots := map[string]snapshot{}
	for _, op := range s.Operations {
		snap, ok := readSnapshot(t, filepath.Join(dir, "request_snapshot", op.Name()+".request.snap"), true)
		g.Expect(ok).To(BeTrue(), op.Name())
		snapshots[op.Name()] = snap
		g.Expect(server(snap).Operation).To(Equal(op.Name()))
	}
	g.Expect(server(snapshots["GetCallerIdentity"]).Malformed()).NotTo(HaveOccurred())

	// The frozen request has every member of AssumeRole: each is served or refused by its name.
	unserved := []string{
		"MinimumSessionTokenSize", "PolicyArns", "ProvidedContexts", "SerialNumber", "SourceIdentity", "Tags", "TokenCode", "TransitiveTagKeys",
	}
	full := snapshots["AssumeRole"]
	g.Expect(server(full).Malformed()).To(MatchError("ValidationError: not simulated: " + strings.Join(unserved, ", ")))
	form, err := url.ParseQuery(string(full.body))
	g.Expect(err).NotTo(HaveOccurred())
	for key := range form {
		if member, _, _ := strings.Cut(key, "."); slices.Contains(unserved, member) {
			form.Del(key)
		}
	}
	full.body = []byte(form.Encode())
	g.Expect(server(full).Malformed()).NotTo(HaveOccurred())
	g.Expect(server(full).Input).To(Equal(&sts.AssumeRoleInput{
		RoleARN: "__RoleArn__", RoleSessionName: "__RoleSessionName__", ExternalID: "__ExternalId__", Policy: "__Policy__", DurationSeconds: 1,
	}))
}
