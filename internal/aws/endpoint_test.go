package aws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// authority is a certificate authority that no machine trusts.
type authority struct {
	*WithT
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{WithT: NewWithT(t), file: filepath.Join(t.TempDir(), "ca.pem")}
	a.key = a.newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a company's own"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	a.Expect(err).NotTo(HaveOccurred())
	a.certificate, err = x509.ParseCertificate(der)
	a.Expect(err).NotTo(HaveOccurred())
	a.Expect(os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)).To(Succeed())
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.Expect(err).NotTo(HaveOccurred())
	return key
}

// serve serves over TLS with a certificate of the authority for an address, that is valid until a time. Connecting is told
// of every handshake.
func (a *authority) serve(t *testing.T, h http.Handler, address string, until time.Time, connecting ...func()) (endpoint string) {
	t.Helper()
	key := a.newKey()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: until.Add(-time.Hour), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.certificate, &key.PublicKey, a.key)
	a.Expect(err).NotTo(HaveOccurred())
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			for _, told := range connecting {
				told()
			}
			return nil, nil
		},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// environment sets the SDK's standard settings, as a Deployment does.
func environment(t *testing.T, endpoint, bundle string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_STS": endpoint, "AWS_CA_BUNDLE": bundle, "AWS_REGION": reactstocks.Region, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": reactstocks.OperatorAccessKeyID, "AWS_SECRET_ACCESS_KEY": reactstocks.OperatorSecretAccessKey,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}

func TestEveryCallTrustsTheBundleOfTheEnvironment(t *testing.T) {
	g := NewWithT(t)
	ca := newAuthority(t)
	clock := clocktesting.NewFakeClock(epoch)
	world, err := reactstocks.New(t.Context(), sim.Options{Seed: 7, Clock: clock, Wall: clock}, reactstocks.Steady)
	g.Expect(err).NotTo(HaveOccurred())
	environment(t, ca.serve(t, world.Handler(), "127.0.0.1", time.Now().Add(time.Hour)), ca.file)
	clients, err := New(t.Context(), Options{Clock: clock, Wall: clock})
	g.Expect(err).NotTo(HaveOccurred())
	s, err := clients.Session(t.Context(), Access{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())

	_, err = s.Lambda.AccountSettings(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(world.SendMessage(t.Context(), reactstocks.AlarmQueue, "hello")).To(Succeed())
	messages, err := s.SQS.Receive(t.Context(), world.QueueURL(reactstocks.AlarmQueue), 0)
	g.Expect(err).NotTo(HaveOccurred(), "a long poll trusts whom every other call trusts")
	g.Expect(messages).To(HaveLen(1))
}

// One redirect to itself used to be followed for as long as the call had time: thousands of requests, of which budget and
// ledger saw one.
func TestNoRedirectIsFollowed(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			g := NewWithT(t)
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 20 {
					w.WriteHeader(http.StatusNotFound) // so that the test ends
					return
				}
				http.Redirect(w, r, r.URL.Path, status)
			}))
			t.Cleanup(server.Close)
			for n, call := range map[string]func(l Lambda) error{
				"a read":              func(l Lambda) error { _, err := l.AccountSettings(t.Context()); return err },
				"a change":            func(l Lambda) error { return l.PutFunctionConcurrency(t.Context(), "checkout", 200) },
				"one without a body":  func(l Lambda) error { return l.DeleteFunctionConcurrency(t.Context(), "checkout") },
				"one that is limited": func(l Lambda) error { return limited(t, l) },
			} {
				requests.Store(0)
				f := fault.From(call(lambdaAt(t, server.URL)))
				g.Expect(requests.Load()).To(BeEquivalentTo(1), n)
				g.Expect(f.Class).To(Equal(fault.Transient), n)
				g.Expect(f.Refused).To(BeFalse(), "whoever answered is not AWS: what the call did is not known")
			}
			requests.Store(0)
			q := queueAt(t, server.URL)
			_, err := q.Receive(t.Context(), server.URL+"/123456789012/q", 0)
			g.Expect(fault.From(err).Class).To(Equal(fault.Transient))
			g.Expect(requests.Load()).To(BeEquivalentTo(1), "a long poll")
		})
	}
}

// The clients as they are assembled look at the time where the request leaves, and not before they have a connection.
func TestACallWhoseConnectionTookTooLongIsNotSent(t *testing.T) {
	g := NewWithT(t)
	ca, wall := newAuthority(t), clocktesting.NewFakeClock(epoch)
	var requests atomic.Int32
	environment(t, ca.serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && r.ContentLength == int64(len(body)) {
			requests.Add(1)
		}
	}), "127.0.0.1", time.Now().Add(time.Hour), func() { wall.Step(time.Minute) }), ca.file)
	clients, err := New(t.Context(), Options{Clock: wall, Wall: wall})
	g.Expect(err).NotTo(HaveOccurred())
	l := Lambda{client: lambda.NewFromConfig(clients.config(Access{AccountID: reactstocks.AccountID, Region: reactstocks.Region}, nil))}
	ctx, cancel := clients.NotAfter(t.Context(), wall.Now().Add(30*time.Second))
	defer cancel()
	f := fault.From(l.PutFunctionConcurrency(ctx, "checkout", 200))
	g.Expect(f.Refused).To(BeTrue(), "it is known that nothing was changed")
	g.Expect(f.Message).To(ContainSubstring("was not sent"))
	g.Expect(requests.Load()).To(BeZero(), "whole ones")
}
