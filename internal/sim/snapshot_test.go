package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	sqssdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	ssmsdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/internal/sim/ssm"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// moduleDir is where the module cache keeps a module of the SDK, with the frozen requests and responses it ships.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/"+module).Output()
	if err != nil {
		t.Fatalf("finding module %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// snapshot is one frozen message: the first line, the headers and the body.
type snapshot struct {
	first  string
	header http.Header
	body   []byte
}

func readSnapshot(t *testing.T, path string, blankAfterFirst bool) (snapshot, bool) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return snapshot{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(bytes.NewReader(raw))
	line := func() string {
		s, err := r.ReadString('\n')
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		return strings.TrimRight(s, "\r\n")
	}
	s := snapshot{first: line(), header: http.Header{}}
	if blankAfterFirst {
		line()
	}
	for l := line(); l != ""; l = line() {
		name, value, _ := strings.Cut(l, ": ")
		s.header.Add(name, value)
	}
	if s.body, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return s, true
}

// canonical makes bodies comparable: JSON and CBOR as values, forms as sorted parameters.
func canonical(t *testing.T, contentType string, body []byte) any {
	t.Helper()
	if len(body) == 0 {
		return nil
	}
	if strings.Contains(contentType, "cbor") {
		v, err := cbor.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// service under test: its operations, its module and a way to make an SDK client of it.
type underTest struct {
	wire   wire.Service
	module string
	client func(aws.Config) any
}

func servicesUnderTest() []underTest {
	return []underTest{
		{lambda.New(lambda.Options{}).Wire(), "lambda", func(c aws.Config) any { return lm.NewFromConfig(c) }},
		{cloudwatchWire(cloudwatch.New(cloudwatch.Options{})), "cloudwatch", func(c aws.Config) any {
			return cw.NewFromConfig(c, func(o *cw.Options) { o.DisableRequestCompression = true })
		}},
		{ssm.New(ssm.Options{}).Wire(), "ssm", func(c aws.Config) any { return ssmsdk.NewFromConfig(c) }},
		{sqs.New(sqs.Options{}).Wire(), "sqs", func(c aws.Config) any {
			return sqssdk.NewFromConfig(c, func(o *sqssdk.Options) { o.DisableMessageChecksumValidation = true })
		}},
	}
}

// roundTripper answers requests in place of the network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) Do(r *http.Request) (*http.Response, error) { return f(r) }

var errStop = errors.New("request captured")

func testConfig(do roundTripper) aws.Config {
	endpoint := "http://test.example.com"
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, HTTPClient: do,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// call runs an operation of an SDK client by its name.
func call(t *testing.T, client any, operation string, in any) (any, error) {
	t.Helper()
	out := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(in)})
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

// serveOnce sends a request to a server of one service whose operations do what the middleware does.
func serveOnce(s wire.Service, r *http.Request, m wire.Middleware) *http.Response {
	rec := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	wire.NewServer(wire.NewRouter([]wire.Service{s}, nil), m).ServeHTTP(rec, r)
	return rec.Result()
}

func request(t *testing.T, s snapshot) *http.Request {
	t.Helper()
	method, url, _ := strings.Cut(s.first, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "http://test.example.com"+url, bytes.NewReader(s.body))
	r.Header = s.header
	return r
}

// decoded is the typed input that the server makes of a frozen request.
func decoded(t *testing.T, s wire.Service, snap snapshot) *wire.Call {
	t.Helper()
	var got *wire.Call
	serveOnce(s, request(t, snap), func(_ context.Context, c *wire.Call) (any, error) {
		got = c
		return nil, &wire.Error{Code: "Stop", Status: http.StatusTeapot}
	})
	if got == nil || got.Malformed() != nil {
		t.Fatalf("the request %s is not understood: %v", snap.first, got.Malformed())
	}
	return got
}
