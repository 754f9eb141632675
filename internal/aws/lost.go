package aws

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
)

// lost is why a call had no answer of AWS that can be used, in words of ours: what happened, and what to do next.
type lost struct{ what, next string }

// says is what people read about a call that had no answer, or was not sent because others had none.
func (l lost) says() string { return l.what + ": " + l.next }

const lookAtTheWay = "see that network policies, firewalls and routes let the operator reach AWS there"

var (
	noAnswer = lost{"AWS gave no answer that can be used", "it is asked again; if this lasts, see that AWS_ENDPOINT_URL and proxies, if there are any, lead to AWS"}
	late     = lost{"AWS gave no answer in time", "it is asked again; if this lasts, " + lookAtTheWay}
	atAWS    = lost{"AWS answered that it failed by itself", "it is asked again; if this lasts, look at the AWS Health Dashboard"}
	between  = lost{"the answer was an error, and none of the API of AWS", "it is asked again; if this lasts, look at the proxies on the way, and at AWS_ENDPOINT_URL if it is set"}
	redirect = lost{"the endpoint redirects elsewhere, which is not followed", "look at the proxies on the way, and correct AWS_ENDPOINT_URL if it is set"}
	unnamed  = lost{"the name of the endpoint cannot be resolved", "see that DNS works in the operator's pod, and that the Region exists, and AWS_ENDPOINT_URL is right if it is set"}
	refusing = lost{"the endpoint refused the connection", lookAtTheWay + ", and that AWS_ENDPOINT_URL is right if it is set"}
	noWay    = lost{"no way leads to the endpoint", lookAtTheWay}
	cut      = lost{"the connection ended before AWS answered", "it is asked again; if this lasts, " + lookAtTheWay}
	noProxy  = lost{"the proxy did not make a connection", "look at the proxy, and at HTTPS_PROXY and NO_PROXY"}
	noTLS    = lost{"the endpoint does not speak TLS", "look at the proxies on the way, and correct AWS_ENDPOINT_URL if it is set"}
	distrust = lost{"the certificate of the endpoint is not trusted", "set AWS_CA_BUNDLE to a file with the certificate authority that issued it"}
	misnamed = lost{"the certificate of the endpoint is of another name", "correct AWS_ENDPOINT_URL, or the certificate"}
	outdated = lost{"the certificate of the endpoint is not valid at this time", "renew it, or set the clock of the operator's node right"}
	unclear  = lost{"the call failed on its way", "it is asked again; if this lasts, " + lookAtTheWay}
)

// lostOf returns why a call had no answer that can be used.
func lostOf(err error) lost {
	if a := answerOf(err); a.status != 0 {
		switch {
		case a.status >= 300 && a.status < 400:
			return redirect
		case a.status >= 500 && a.code != "":
			return atAWS
		case a.status >= 400 && a.code == "":
			return between
		case a.code != "":
			return late // such as RequestTimeout
		}
		return noAnswer
	}
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		name     *net.DNSError
		op       *net.OpError
		network  net.Error
		errno    syscall.Errno
	)
	switch {
	case errors.As(err, &hostname):
		return misnamed
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outdated
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &verify):
		return distrust
	case errors.Is(err, http.ErrSchemeMismatch):
		return noTLS
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return noProxy
	case errors.As(err, &name):
		return unnamed
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return late
	case errors.Is(err, errNoAnswer):
		return noAnswer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return cut
	case errors.As(err, &errno):
		return lostTo(errno)
	}
	return unclear
}

func lostTo(errno syscall.Errno) lost {
	switch errno {
	case syscall.ECONNREFUSED:
		return refusing
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH:
		return noWay
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return cut
	}
	return unclear
}
