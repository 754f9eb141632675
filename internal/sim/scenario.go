package sim

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// SetTraffic adds or replaces what arrives at a function through a qualifier. Its profiles begin now.
func (w *World) SetTraffic(t traffic.Workload) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.traffic.Set(t, w.played)
}

// RemoveTraffic ends what arrives at a function through a qualifier.
func (w *World) RemoveTraffic(function, qualifier string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.traffic.Remove(function, qualifier)
}

// SetIngestion changes how the data points of the minutes that end from now on come into CloudWatch.
func (w *World) SetIngestion(i traffic.Ingestion) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.traffic.SetIngestion(i)
}

// LinkAccount makes the simulated account the monitoring account of another, whose metrics have no data here.
func (w *World) LinkAccount(accountID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloudwatch.Link(accountID)
}

// PutFunction adds or replaces a function, past the API and the ledger.
func (w *World) PutFunction(f lambda.Function) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.lambda.PutFunction(f)
}

// RemoveFunction deletes a function, past the API and the ledger.
func (w *World) RemoveFunction(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.lambda.RemoveFunction(name)
}

// SetConcurrencyLimit changes the account's Lambda concurrency limit, as a granted quota increase does.
func (w *World) SetConcurrencyLimit(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.lambda.SetConcurrencyLimit(n)
}

// PutMetricAlarm adds or replaces an alarm, past the wire and the ledger but with the API's checks.
func (w *World) PutMetricAlarm(ctx context.Context, in *cw.PutMetricAlarmInput) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	if _, err := w.cloudwatch.PutMetricAlarm(ctx, in); err != nil {
		return fmt.Errorf("putting alarm %q: %w", aws.ToString(in.AlarmName), err)
	}
	return nil
}
