// Package sim owns the simulated AWS as a whole: it assembles the services into one world with one clock, one ledger
// and one HTTP endpoint. It must not be imported by production code, which reaches it only over HTTP through the
// unmodified AWS SDK.
package sim
