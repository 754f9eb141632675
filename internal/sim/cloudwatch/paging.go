package cloudwatch

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strings"
)

// encodeToken builds the opaque NextToken of an operation. The position is where the next page
// continues; the request is a rendering of the parameters that must not change between pages.
func encodeToken(operation, request, position string) *string {
	return new(base64.RawURLEncoding.EncodeToString([]byte(operation + ":" + fingerprint(request) + ":" + position)))
}

// decodeToken returns the position in a token that encodeToken built for the same operation and
// request; otherwise it returns InvalidNextToken.
func decodeToken(operation, request, token string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", invalidNextToken()
	}
	position, ok := strings.CutPrefix(string(raw), operation+":"+fingerprint(request)+":")
	if !ok {
		return "", invalidNextToken()
	}
	return position, nil
}

func fingerprint(request string) string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(request)) // a hash never returns an error
	return fmt.Sprintf("%016x", hash.Sum64())
}
