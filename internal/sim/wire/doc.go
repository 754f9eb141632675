// Package wire owns the server side of the AWS wire protocols: it turns an HTTP request into one typed call and
// the call's typed output or error back into the bytes AWS would send. It must not know what an operation means:
// behaviour, permissions, quotas and faults belong to the packages that serve the calls.
package wire
