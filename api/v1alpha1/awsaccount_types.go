package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AWSAccount says which AWS account the operator works in, and grants namespaces what they may do there.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=awsacct,categories=oncall
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Whether the operator reaches the account with every granted role."
// +kubebuilder:printcolumn:name="Detecting",type=string,JSONPath=`.status.conditions[?(@.type=="Detecting")].reason`,description="Whether the alarms of every application are read: AlarmsRead, or why the operator is blind."
// +kubebuilder:printcolumn:name="Claimed",type=string,JSONPath=`.status.conditions[?(@.type=="Claimed")].reason`,description="Whether this cluster, and no other, may change anything in the account."
// +kubebuilder:printcolumn:name="Unmatched",type=integer,JSONPath=`.status.unmatchedAlarms.count`,description="Alarms in ALARM that belong to no application."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type AWSAccount struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is written by a platform administrator.
	// +required
	Spec AWSAccountSpec `json:"spec"`

	// status is written by the operator.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status AWSAccountStatus `json:"status,omitempty"`
}

// AWSAccountSpec is what a platform administrator says of an account.
//
// +kubebuilder:validation:XValidation:rule="!has(self.queues) || self.queues.all(q, !q.url.startsWith('https://sqs.') || q.url.contains('/' + self.accountID + '/'))",fieldPath=".queues",message="a queue of another account is not read: name queues of the account of accountID"
// +kubebuilder:validation:XValidation:rule="!self.accountID.matches('^[0-9]{12}$') || !self.roleARN.matches('^arn:[a-z-]+:iam::[0-9]{12}:role/.') || self.roleARN.contains('::' + self.accountID + ':role/')",fieldPath=".roleARN",message="the account role is a role of the account: write the ARN of a role of the account of accountID"
// +kubebuilder:validation:XValidation:rule="!self.roleARN.contains('::' + self.accountID + ':role/') || self.grants.all(g, !g.roleARN.matches('^arn:[a-z-]+:iam::[0-9]{12}:role/.') || g.roleARN.startsWith(self.roleARN.split(':role/')[0] + ':role/'))",fieldPath=".grants",message="the role of a grant is a role of the account: in roleARN of each grant, write account and partition as in the ARN of the account role (spec.roleARN)"
// +kubebuilder:validation:XValidation:rule="!self.roleARN.contains('::' + self.accountID + ':role/') || self.grants.all(g, g.resources.arnPatterns.all(p, !p.matches('^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9*-]*:[0-9]{12}:.') || p.startsWith(self.roleARN.split('iam:')[0]) && p.split(':')[4] == self.accountID))",fieldPath=".grants",message="a pattern for another account allows nothing here: in arnPatterns of each grant, write account and partition as in the ARN of the account role (spec.roleARN)"
type AWSAccountSpec struct {
	// accountID is the twelve digits of the account.
	// +required
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{12}$')",message="write the twelve digits of the account in quotes, such as '123456789012'"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="accountID cannot change: create another AWSAccount and move the applications to it"
	AccountID string `json:"accountID,omitempty"`

	// roleARN is the account role: the role that the operator assumes to watch the account's alarms and to claim the
	// account. It reads for all grants together, and cannot change any resource of an application.
	// +required
	RoleARN RoleARN `json:"roleARN,omitempty"`

	// externalID is sent with every AssumeRole call of the account role, as the role's trust policy demands it.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=1224
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9+=,.@:/_-]+$')",message="write the sts:ExternalId of the role's trust policy: letters, digits and + = , . @ : / _ - only"
	ExternalID string `json:"externalID,omitempty"`

	// lambda holds facts of the account that no AWS API returns.
	// +optional
	Lambda *AWSAccountLambda `json:"lambda,omitempty"`

	// queues receive messages about alarms, so that an Incident is opened in a second rather than in half a minute.
	// Alarms are read every 30 seconds as well.
	// +optional
	// +listType=map
	// +listMapKey=region
	// +kubebuilder:validation:MaxItems=32
	Queues []AlarmQueue `json:"queues,omitempty"`

	// claim says what to do about a cluster that holds the claim of the account. One cluster at a time acts in an
	// account: it claims it by itself where nobody has.
	// +optional
	Claim *AccountClaim `json:"claim,omitempty"`

	// grants say which namespaces may do what to which resources with which role. A namespace that no grant
	// selects can do nothing.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Grants []Grant `json:"grants"`
}

// AWSAccountLambda holds facts of Lambda in an account that no AWS API returns.
type AWSAccountLambda struct {
	// unreservedConcurrencyFloor is the unreserved concurrency that Lambda refuses to go below. It appears only
	// in the text of a refusal; new accounts have 10 or 50. Unset: 100, or the account's limit if that is lower.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	UnreservedConcurrencyFloor *int32 `json:"unreservedConcurrencyFloor,omitempty"`
}

// AccountClaim says what to do about a cluster that holds the claim of an account.
type AccountClaim struct {
	// takeOverFrom is the UID of the cluster from which this one takes the claim over, as the condition Claimed shows
	// it. It holds only while exactly that cluster holds the claim, and may stay: once done, it is not done again where
	// somebody gave that cluster the claim back. To do it again then, remove it and write it anew.
	// +required
	TakeOverFrom ClusterUID `json:"takeOverFrom,omitempty"`
}

// ClusterUID is the UID of a cluster: that of its namespace kube-system. A cluster that was rebuilt has another.
//
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write the UID of the cluster that holds the claim, as the condition Claimed shows it"
type ClusterUID string

// AlarmQueue is a queue that the account role receives messages about alarms from.
//
// +kubebuilder:validation:XValidation:rule="!self.url.startsWith('https://sqs.') || self.url.startsWith('https://sqs.' + self.region + '.')",fieldPath=".url",message="the queue of a Region is in that Region: correct region, or name another queue"
type AlarmQueue struct {
	// region of the queue, and of the alarms that it receives.
	// +required
	Region Region `json:"region,omitempty"`

	// url of a standard queue.
	// +required
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://sqs[.][a-z]{2}(-[a-z]+)+-[0-9][.]amazonaws[.]com([.]cn)?/[0-9]{12}/[A-Za-z0-9_-]{1,80}$')",message="write the URL of a standard queue as SQS shows it, such as https://sqs.us-east-1.amazonaws.com/123456789012/runbook-operator-alarms"
	URL string `json:"url,omitempty"`
}

// Grant allows the namespaces it selects to work on resources of the account.
type Grant struct {
	// name of the grant, shown where it is used.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="write a name such as react-stocks: lower-case letters, digits and hyphens, a letter or digit first and last"
	Name string `json:"name"`

	// namespaceSelector selects namespaces by their labels. An empty selector selects none.
	// +required
	NamespaceSelector metav1.LabelSelector `json:"namespaceSelector"`

	// roleARN is the role that the operator assumes for these namespaces.
	// +required
	RoleARN RoleARN `json:"roleARN,omitempty"`

	// externalID is sent with every AssumeRole call, as the role's trust policy demands it.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=1224
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9+=,.@:/_-]+$')",message="write the sts:ExternalId of the role's trust policy: letters, digits and + = , . @ : / _ - only"
	ExternalID string `json:"externalID,omitempty"`

	// resources limits the grant to these AWS resources.
	// +required
	Resources GrantResources `json:"resources"`

	// maxMode is the most that an application under this grant may be set to.
	// +required
	MaxMode Mode `json:"maxMode,omitempty"`

	// allowedActions lists the changes that may be made under this grant. Empty allows none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	AllowedActions []ActionName `json:"allowedActions,omitempty"`
}

// GrantResources limits a grant to resources.
type GrantResources struct {
	// arnPatterns lists ARNs, in which "*" stands for any number of characters.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=320
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^arn:(aws|aws-us-gov|aws-cn):[a-z0-9-]+:[a-z0-9*-]*:[0-9]{12}:.+$')",message="write an ARN with its account, such as arn:aws:lambda:us-east-1:123456789012:function:react-stocks-*"
	ARNPatterns []string `json:"arnPatterns"`
}

// AWSAccountStatus is what the operator saw of an account.
type AWSAccountStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the account.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// claim of the account, as it was last seen.
	// +optional
	Claim *ClaimStatus `json:"claim,omitempty"`

	// unmatchedAlarms are alarms in ALARM that belong to no application, so that nothing is dropped in silence.
	// +optional
	UnmatchedAlarms *UnmatchedAlarms `json:"unmatchedAlarms,omitempty"`

	// readings say how far the alarms of each Region were followed, so that what happened while the operator was
	// down is looked up when it is back.
	// +optional
	// +listType=map
	// +listMapKey=region
	// +kubebuilder:validation:MaxItems=64
	Readings []AlarmReading `json:"readings,omitempty"`

	// ignoredMessages were received and deleted though nothing followed from them, and should not have come at all.
	// +optional
	// +listType=map
	// +listMapKey=reason
	// +kubebuilder:validation:MaxItems=16
	IgnoredMessages []IgnoredMessages `json:"ignoredMessages,omitempty"`
}

// ClaimStatus says which cluster acts in an account.
type ClaimStatus struct {
	// holder is the UID of the cluster that holds the claim.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Holder string `json:"holder,omitempty"`

	// name of that cluster for people, if it has one.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`

	// since is when it took the claim.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// heartbeat is a moment at which it held the claim. While it goes on, the time is written again once an hour.
	// +optional
	Heartbeat *metav1.Time `json:"heartbeat,omitempty"`

	// heldBackUntil is until when this cluster neither acts nor writes the claim, because somebody else wrote it at
	// the same moment.
	// +optional
	HeldBackUntil *metav1.Time `json:"heldBackUntil,omitempty"`

	// tookOverFrom is the cluster of spec.claim.takeOverFrom from which this one took the claim over.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	TookOverFrom string `json:"tookOverFrom,omitempty"`
}

// AlarmReading says how far the alarms of a Region were followed.
type AlarmReading struct {
	// region that was read.
	// +required
	Region Region `json:"region,omitempty"`

	// until is when the alarms were read; written every few minutes.
	// +required
	Until metav1.Time `json:"until"`
}

// IgnoredMessages counts messages that were ignored for one reason.
type IgnoredMessages struct {
	// reason in PascalCase.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// count of messages since the first.
	// +required
	Count int64 `json:"count"`

	// alarms that the first of them named, sorted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=300
	Alarms []string `json:"alarms,omitempty"`

	// lastAt is when the last one was received.
	// +required
	LastAt metav1.Time `json:"lastAt"`
}

// UnmatchedAlarms counts and names alarms that belong to no application.
type UnmatchedAlarms struct {
	// count of alarms in ALARM now that belong to no application.
	// +optional
	Count int32 `json:"count,omitempty"`

	// names of the first of them, sorted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MaxLength=300
	Names []string `json:"names,omitempty"`
}

// AWSAccountList is a list of AWSAccounts.
//
// +kubebuilder:object:root=true
type AWSAccountList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AWSAccount `json:"items"`
}
