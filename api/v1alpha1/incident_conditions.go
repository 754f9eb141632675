package v1alpha1

const (
	// ConditionAccepted says whether the object makes sense here: its references exist and its namespace may.
	// Possible reasons: Accepted when True; ApplicationNotFound, AccountNotFound, NotGranted, GrantAmbiguous,
	// FunctionNotFound; of an Incident RunbookNotFound, RunbookNotReady; of a Remediation IncidentNotFound,
	// ChangePolicyNotFound, ActionNotGranted, Expired.
	ConditionAccepted = "Accepted"
	// ConditionInvestigated says whether every step has a result. Possible reasons: Complete, WithGaps when True;
	// AccessDenied, WrongIdentity, AWSUnavailable, Refused.
	ConditionInvestigated = "Investigated"
	// ConditionDiagnosed says whether a cause was named; the name of the cause is the reason when True. Possible reasons:
	// Undiagnosed.
	ConditionDiagnosed = "Diagnosed"
	// ConditionResolved says whether the trouble is over. Possible reasons: Remediated, RecoveredWithoutChange when
	// True; Firing, Recovering, AlarmDeleted, NoData, Proposed, HeldForPerson, Instructed, ModeObserve,
	// AccountNotClaimed, Undiagnosed, InProgress. While a Remediation is under way, the reason of its condition
	// Succeeded; of an Incident that is not accepted, the reason of the condition Accepted.
	ConditionResolved = "Resolved"
	// ConditionStalled is present only when True: only a person can help.
	ConditionStalled = "Stalled"
	// ConditionReconciling is present only when True: the operator is at work.
	ConditionReconciling = "Reconciling"
	// ConditionReady says whether a standing object works. Possible reasons: Watched, Compiled, IdentityConfirmed when
	// True; of a ServerlessApplication AccountNotFound, NotGranted, GrantAmbiguous, ChangePolicyNotFound; of a Runbook
	// InvalidExpression, TooLarge; of an AWSAccount InvalidSelector, AccessDenied, WrongIdentity, AWSUnavailable, Refused.
	ConditionReady = "Ready"
)

// Reasons of the Incident's conditions, equal to the reasons of its events.
const (
	// ReasonAccepted says that the object makes sense here.
	ReasonAccepted = "Accepted"
	// ReasonApplicationNotFound says that there is no such ServerlessApplication in the namespace.
	ReasonApplicationNotFound = "ApplicationNotFound"
	// ReasonRunbookNotFound says that there is no such Runbook in the namespace or the operator's.
	ReasonRunbookNotFound = "RunbookNotFound"
	// ReasonRunbookNotReady says that the Runbook does not compile.
	ReasonRunbookNotReady = "RunbookNotReady"
	// ReasonFunctionNotFound says that the application does not list the function.
	ReasonFunctionNotFound = "FunctionNotFound"
	// ReasonNotGranted says that no grant of the AWSAccount allows it.
	ReasonNotGranted = "NotGranted"
	// ReasonInProgress says that the operator is at work.
	ReasonInProgress = "InProgress"
	// ReasonComplete says that every step has evidence.
	ReasonComplete = "Complete"
	// ReasonWithGaps says that a step has no evidence.
	ReasonWithGaps = "WithGaps"
	// ReasonUndiagnosed says that no rule fired.
	ReasonUndiagnosed = "Undiagnosed"
	// ReasonRemediated says that a change was proved to help.
	ReasonRemediated = "Remediated"
	// ReasonRecoveredWithoutChange says that the alarms recovered and nothing was changed.
	ReasonRecoveredWithoutChange = "RecoveredWithoutChange"
	// ReasonFiring says that an alarm is in ALARM.
	ReasonFiring = "Firing"
	// ReasonRecovering says that every alarm is OK, but not for long enough.
	ReasonRecovering = "Recovering"
	// ReasonAlarmDeleted says that an alarm of the Incident was deleted, so that nobody can say it recovered.
	ReasonAlarmDeleted = "AlarmDeleted"
	// ReasonNoData says that an alarm of the Incident has no data, so that nobody can say it recovered.
	ReasonNoData = "NoData"
	// ReasonInstructed says that only a person can do what the cause needs.
	ReasonInstructed = "Instructed"
	// ReasonModeObserve says that the mode Observe proposes no change.
	ReasonModeObserve = "ModeObserve"
	// ReasonHeldForPerson says that a change ended without proof that it helped, and a person has to look.
	ReasonHeldForPerson = "HeldForPerson"
	// ReasonOpened is the event of a new Incident.
	ReasonOpened = "Opened"
	// ReasonFiringAgain is the event of a signal that recovered and is in ALARM again.
	ReasonFiringAgain = "FiringAgain"
	// ReasonSignalJoined is the event of a further signal.
	ReasonSignalJoined = "SignalJoined"
	// ReasonProposed is the event of a proposed change.
	ReasonProposed = "Proposed"
)
