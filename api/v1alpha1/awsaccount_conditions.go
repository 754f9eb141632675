package v1alpha1

// ConditionDetecting says of an AWSAccount whether the alarms of every watched application are read. Possible reasons:
// AlarmsRead, MutingUnknown, NothingToWatch when True; AccessDenied, WrongIdentity, AWSUnavailable, Error.
const ConditionDetecting = "Detecting"

// Reasons of the condition Detecting, beside those of faults.
const (
	// ReasonAlarmsRead says that the alarms of every watched application were read.
	ReasonAlarmsRead = "AlarmsRead"
	// ReasonMutingUnknown says that the alarms were read, and not which of them mute rules mute: none counts as muted.
	ReasonMutingUnknown = "MutingUnknown"
	// ReasonNothingToWatch says that no application of the account is Ready.
	ReasonNothingToWatch = "NothingToWatch"
)

// ConditionReceiving says of an AWSAccount whether messages of its queues are received; absent where it has none.
// Possible reasons: QueuesRead when True; QueueNotFound, ClaimedByAnotherCluster, AccessDenied, WrongIdentity,
// AWSUnavailable, Refused, Error.
const ConditionReceiving = "Receiving"

// Reasons of the condition Receiving, beside those of faults.
const (
	// ReasonQueuesRead says that every queue of the account is received from.
	ReasonQueuesRead = "QueuesRead"
	// ReasonQueueNotFound says that a queue does not exist.
	ReasonQueueNotFound = "QueueNotFound"
)

// ConditionClaimed says of an AWSAccount whether this cluster holds the claim of the account; without it the mode of
// every application is Observe. Possible reasons: Claimed, TakenOver when True; NothingToActFor, ClaimedByAnotherCluster,
// ClaimContended, ClaimUnreadable, AccessDenied, WrongIdentity, AWSUnavailable, Refused, Error.
const ConditionClaimed = "Claimed"

// Reasons of the condition Claimed, beside those of faults.
const (
	// ReasonClaimed says that this cluster holds the claim since nobody did.
	ReasonClaimed = "Claimed"
	// ReasonTakenOver says that this cluster holds the claim since a person gave it another's.
	ReasonTakenOver = "TakenOver"
	// ReasonNothingToActFor says that no application of the account goes beyond observing, so that it is not claimed.
	ReasonNothingToActFor = "NothingToActFor"
	// ReasonClaimedByAnotherCluster says that another cluster holds the claim.
	ReasonClaimedByAnotherCluster = "ClaimedByAnotherCluster"
	// ReasonClaimContended says that somebody else wrote the claim at the same moment as this cluster, which waits now.
	ReasonClaimContended = "ClaimContended"
	// ReasonClaimUnreadable says that what the claim holds is no claim.
	ReasonClaimUnreadable = "ClaimUnreadable"
)

// ReasonHistoryTruncated is the event of a gap in which more alarms changed their state than are looked up.
const ReasonHistoryTruncated = "HistoryTruncated"

// Reasons for which a message about an alarm is ignored, beside those of a message that cannot be one.
const (
	// ReasonUnmatched says that the alarm belongs to no application, or no Runbook is for it, or no Incident has room.
	ReasonUnmatched = "Unmatched"
	// ReasonAmbiguous says that the alarm names functions of more than one application.
	ReasonAmbiguous = "Ambiguous"
	// ReasonNotConfirmed says that CloudWatch knows no such alarm, or none that changed its state then.
	ReasonNotConfirmed = "NotConfirmed"
	// ReasonTooOld says that the alarm recovered, and fired longer ago than is looked up.
	ReasonTooOld = "TooOld"
)
