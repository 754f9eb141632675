package v1alpha1

const (
	// ConditionPlanned says whether there is a plan. Possible reasons: Planned when True; NoHeadroom, NothingToChange,
	// UpdateFailed, EmergencyStop, PeakDoesNotFit, UnreservedFloor, AliasServesVersion, CallerTimeoutUnknown,
	// BeyondCallerTimeout, TooManyAlarms, InvalidExpiry, FunctionNotFound, UpdateInProgress, TargetUnstable, AccessDenied,
	// AWSUnavailable, Refused, WrongIdentity.
	ConditionPlanned = "Planned"
	// ConditionApproved says whether the plan is approved. Possible reasons: Approved when True; AwaitingApproval,
	// Rejected, Expired, PoliciesChanged, Stale.
	ConditionApproved = "Approved"
	// ConditionApplied says whether every call of the plan was seen applied. Possible reasons: Applied when True;
	// NotBegun, ModePropose, ModeObserve, TargetBusy, CauseUnknown, IntentRecorded, TakingEffect, OutcomeUnknown, Refused, Diverged,
	// WrongIdentity, NotLeading, AccountNotClaimed, ClaimedByAnotherCluster, ClaimContended, ClaimUnreadable,
	// ClaimSettling, AccessDenied, AWSUnavailable, UpdateInProgress, FunctionNotFound, CallerTimeoutUnknown, Stale.
	ConditionApplied = "Applied"
	// ConditionVerified says whether the change was proved to help. Possible reasons: Verified when True; Settling,
	// Observing, NotFixed, Inconclusive.
	ConditionVerified = "Verified"
	// ConditionReverted says whether the change was undone. It is absent until that is decided. Possible reasons:
	// Reverted, AlreadyReverted, RevertUnverified when True; Reverting, OutcomeUnknown, RevertConflict,
	// RevertUntilPassed, RevertRefused, ClaimedByAnotherCluster, Held.
	ConditionReverted = "Reverted"
	// ConditionSucceeded is the root: whether the Remediation did what it is for. Possible reasons: Succeeded when True;
	// at the end Withdrawn, NoLongerNeeded, Rejected, Expired, IncidentNotFound, TargetUnstable, Stale, Held, Diverged,
	// Orphaned, Reverted, AlreadyReverted, RevertUnverified, RevertConflict, RevertUntilPassed, RevertRefused,
	// ClaimedByAnotherCluster; before, InProgress, and Unreachable while one that is deleted waits for AWS. Of one that
	// waits, the reason of the first condition that is not True; of one that cannot be planned or was refused, the reason
	// of the fault.
	ConditionSucceeded = "Succeeded"
	// ConditionDriftDebt is present only when True: the function differs from its stack's template.
	ConditionDriftDebt = "DriftDebt"
)

// Reasons of the Remediation's conditions, equal to the reasons of its events.
const (
	// ReasonPlanned says that there is a plan.
	ReasonPlanned = "Planned"
	// ReasonNoHeadroom says that the change would move against its intent, or the account has nothing to give.
	ReasonNoHeadroom = "NoHeadroom"
	// ReasonNothingToChange says that the function already is as asked.
	ReasonNothingToChange = "NothingToChange"
	// ReasonEmergencyStop says that reserved concurrency is 0: somebody switched the function off.
	ReasonEmergencyStop = "EmergencyStop"
	// ReasonPeakDoesNotFit says that the value is below what the function was seen to use.
	ReasonPeakDoesNotFit = "PeakDoesNotFit"
	// ReasonUnreservedFloor says that too little unreserved concurrency would be left.
	ReasonUnreservedFloor = "UnreservedFloor"
	// ReasonAliasServesVersion says that an alias, or a function on managed instances, serves a published version, which does
	// not change with $LATEST.
	ReasonAliasServesVersion = "AliasServesVersion"
	// ReasonCallerTimeoutUnknown says that the application does not declare how long the caller waits. The plan is made when
	// it does.
	ReasonCallerTimeoutUnknown = "CallerTimeoutUnknown"
	// ReasonBeyondCallerTimeout says that the caller would have given up before.
	ReasonBeyondCallerTimeout = "BeyondCallerTimeout"
	// ReasonTooManyAlarms says that more alarms watch the function than one plan can be proved by.
	ReasonTooManyAlarms = "TooManyAlarms"
	// ReasonInvalidExpiry says that spec.expiresAfter cannot be read.
	ReasonInvalidExpiry = "InvalidExpiry"
	// ReasonUpdateInProgress says that the function is being updated.
	ReasonUpdateInProgress = "UpdateInProgress"
	// ReasonUpdateFailed says that the function's last update failed.
	ReasonUpdateFailed = "UpdateFailed"
	// ReasonTargetUnstable says that three plans went stale within 15 minutes.
	ReasonTargetUnstable = "TargetUnstable"
	// ReasonAccessDenied says that AWS does not let the operator, or the granted role, make a call; the message says why.
	ReasonAccessDenied = "AccessDenied"
	// ReasonAWSUnavailable says that AWS did not answer, or slowed the operator down.
	ReasonAWSUnavailable = "AWSUnavailable"
	// ReasonStale says that the function changed after the plan was made.
	ReasonStale = "Stale"
	// ReasonActionNotGranted says that the grant does not allow the action.
	ReasonActionNotGranted = "ActionNotGranted"

	// ReasonApproved says that enough people approved this plan.
	ReasonApproved = "Approved"
	// ReasonAwaitingApproval says that the plan waits for people.
	ReasonAwaitingApproval = "AwaitingApproval"
	// ReasonRejected says that a person rejected the plan.
	ReasonRejected = "Rejected"
	// ReasonExpired says that time ran out before the change was begun.
	ReasonExpired = "Expired"
	// ReasonPoliciesChanged says that the admission policies are not as shipped, so that no approval counts.
	ReasonPoliciesChanged = "PoliciesChanged"
	// ReasonNotCounted says, in an event, that an Approval does not count, and why.
	ReasonNotCounted = "NotCounted"
	// ReasonWithdrawn says that the application recovered while the plan waited.
	ReasonWithdrawn = "Withdrawn"

	// ReasonApplied says that the calls were seen applied.
	ReasonApplied = "Applied"
	// ReasonNotBegun says that no call was made.
	ReasonNotBegun = "NotBegun"
	// ReasonModePropose says that the mode Propose makes no change.
	ReasonModePropose = "ModePropose"
	// ReasonTargetBusy says that another Remediation holds the function or the concurrency pool.
	ReasonTargetBusy = "TargetBusy"
	// ReasonNoLongerNeeded says that the cause does not hold any more.
	ReasonNoLongerNeeded = "NoLongerNeeded"
	// ReasonCauseUnknown says that it cannot be told whether the cause still holds.
	ReasonCauseUnknown = "CauseUnknown"
	// ReasonIntentRecorded says that a call is being made.
	ReasonIntentRecorded = "IntentRecorded"
	// ReasonTakingEffect says that AWS answered that it makes the change, and that it is not read back as in force yet.
	ReasonTakingEffect = "TakingEffect"
	// ReasonOutcomeUnknown says that it is not known yet whether a call arrived.
	ReasonOutcomeUnknown = "OutcomeUnknown"
	// ReasonRefused says that AWS refused a call and changed nothing.
	ReasonRefused = "Refused"
	// ReasonDiverged says that the function is neither as before nor as written.
	ReasonDiverged = "Diverged"
	// ReasonWrongIdentity says that the caller's account or role is not the plan's.
	ReasonWrongIdentity = "WrongIdentity"
	// ReasonNotLeading: it is not certain that no other process of the operator works.
	ReasonNotLeading = "NotLeading"

	// ReasonAccountNotClaimed says that this cluster does not hold the claim of the account: another may act there.
	ReasonAccountNotClaimed = "AccountNotClaimed"
	// ReasonClaimSettling says that the claim was taken a moment ago: a call of its last holder may be under way.
	ReasonClaimSettling = "ClaimSettling"

	// ReasonVerified says that the change was proved to help.
	ReasonVerified = "Verified"
	// ReasonSettling says that the alarms cannot have seen the change yet.
	ReasonSettling = "Settling"
	// ReasonObserving says that the change is being watched.
	ReasonObserving = "Observing"
	// ReasonNotFixed says that the trouble went on after the change.
	ReasonNotFixed = "NotFixed"
	// ReasonInconclusive says that nobody can tell whether the change helped.
	ReasonInconclusive = "Inconclusive"

	// ReasonReverting says that the change is being undone.
	ReasonReverting = "Reverting"
	// ReasonReverted says that the change was undone.
	ReasonReverted = "Reverted"
	// ReasonAlreadyReverted says that somebody else had undone the change already.
	ReasonAlreadyReverted = "AlreadyReverted"
	// ReasonRevertConflict says that the function is neither as the change left it nor as it was before.
	ReasonRevertConflict = "RevertConflict"
	// ReasonRevertUntilPassed says that the approval of the change does not cover its inverse any more.
	ReasonRevertUntilPassed = "RevertUntilPassed"
	// ReasonRevertRefused says that AWS did not take the inverse call.
	ReasonRevertRefused = "RevertRefused"
	// ReasonRevertUnverified says that the change was undone, and nobody can tell that users are no worse off.
	ReasonRevertUnverified = "RevertUnverified"

	// ReasonSucceeded says that the change was made and proved to help.
	ReasonSucceeded = "Succeeded"
	// ReasonHeld says that the change stays as it is, and a person has to look.
	ReasonHeld = "Held"
	// ReasonDeleting says that the Remediation is deleted in the middle of its change, and kept until that is seen through.
	ReasonDeleting = "Deleting"
	// ReasonUnreachable says that the Remediation is deleted in the middle of its change, and its function cannot be read.
	ReasonUnreachable = "Unreachable"
	// ReasonOrphaned says that nobody sees the change through any more: the Remediation was deleted, and the record of
	// what was done is in the operator's namespace.
	ReasonOrphaned = "Orphaned"
	// ReasonIncidentNotFound says that the Incident is gone.
	ReasonIncidentNotFound = "IncidentNotFound"
	// ReasonTemplateDiffers says that the function differs from its stack's template.
	ReasonTemplateDiffers = "TemplateDiffers"
)

// Reasons of the condition Ready of standing objects.
const (
	// ReasonCompiled says that every expression of a Runbook compiles.
	ReasonCompiled = "Compiled"
	// ReasonInvalidExpression says that an expression of a Runbook does not compile.
	ReasonInvalidExpression = "InvalidExpression"
	// ReasonTooLarge says that a Runbook is too large for an Incident to keep a copy of it.
	ReasonTooLarge = "TooLarge"
	// ReasonWatched says that an application's alarms are watched.
	ReasonWatched = "Watched"
	// ReasonAccountNotFound says that there is no such AWSAccount.
	ReasonAccountNotFound = "AccountNotFound"
	// ReasonChangePolicyNotFound says that there is no such ChangePolicy in the namespace.
	ReasonChangePolicyNotFound = "ChangePolicyNotFound"
	// ReasonGrantAmbiguous says that more than one grant selects the namespace.
	ReasonGrantAmbiguous = "GrantAmbiguous"
	// ReasonIdentityConfirmed says that every granted role was assumed and is of the account.
	ReasonIdentityConfirmed = "IdentityConfirmed"
	// ReasonInvalidSelector says that Kubernetes does not understand a grant's namespaceSelector, which selects none.
	ReasonInvalidSelector = "InvalidSelector"
)
