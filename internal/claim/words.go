package claim

import (
	"fmt"
	"time"
)

// Silent is how old a heartbeat is that says that its cluster may be gone.
const Silent = 10 * time.Minute

// Held says for people that this cluster holds the claim.
func (c Claim) Held() string {
	if c.TakenOverFrom != "" {
		return fmt.Sprintf("this cluster, %s, holds the claim since %s, taken over from cluster %s", c.Holder, c.Since.UTC().Format(time.RFC3339), c.TakenOverFrom)
	}
	return fmt.Sprintf("this cluster, %s, holds the claim since %s", c.Holder, c.Since.UTC().Format(time.RFC3339))
}

// Foreign says for people who holds the claim, and for how long nobody heard of that cluster. It is the same text while
// the same holds, in steps that grow with time.
func (c Claim) Foreign(now time.Time) string {
	return fmt.Sprintf("cluster %s holds the claim since %s; %s", c.Holder, c.Since.UTC().Format(time.RFC3339), c.silence(now))
}

func (c Claim) silence(now time.Time) string {
	age := now.Sub(c.Heartbeat)
	if age < Silent {
		return fmt.Sprintf("its last heartbeat is less than %d minutes old", int(Silent.Minutes()))
	}
	ago := ""
	switch {
	case age < time.Hour:
		ago = fmt.Sprintf("%d minutes", int(age.Minutes())/10*10)
	case age < 48*time.Hour:
		ago = fmt.Sprintf("%d hours", int(age.Hours()))
	default:
		ago = fmt.Sprintf("%d days", int(age.Hours())/24)
	}
	return fmt.Sprintf("its last heartbeat was at %s, more than %s ago: it may be gone, which only a person can tell", c.Heartbeat.UTC().Format(time.RFC3339), ago)
}

// HowToTakeOver says for a platform administrator what to write so that this cluster takes the claim over. account is
// the name of the AWSAccount.
func (c Claim) HowToTakeOver(account string, me Cluster) string {
	return fmt.Sprintf(`One cluster at a time acts in an account, so this one, %s, only observes. To let it act instead, `+
		`for instance because it is that cluster after it was rebuilt, write into the AWSAccount:
spec:
  claim:
    takeOverFrom: %s
or run: kubectl patch awsaccount %s --type=merge -p '{"spec":{"claim":{"takeOverFrom":"%s"}}}'`, me, c.Holder.UID, account, c.Holder.UID)
}
