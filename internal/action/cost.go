package action

import "fmt"

// priceSource is where prices are from, and as of when.
const priceSource = "AWS Lambda pricing, as of November 2026"

// costOfReserved says that a reservation is free of charge.
const costOfReserved = "estimate: a reservation has no charge of its own; executions that are no longer throttled are billed like every other (" + priceSource + ")"

// gbSecond is the price of one GB-second of the first tier in US dollars, by Region and architecture.
var gbSecond = map[string]map[string]float64{
	"us-east-1": {"x86_64": 0.0000166667, "arm64": 0.0000133334},
}

// costOfTimeout estimates what a longer timeout costs at most.
func costOfTimeout(region, architecture string, memoryMB, moreSeconds int32) string {
	price, ok := gbSecond[region][architecture]
	if !ok {
		return fmt.Sprintf("estimate: at most %d s more of %d MB for each execution that runs into the timeout; no price of Region %s is known here (see AWS Lambda pricing)", moreSeconds, memoryMB, region)
	}
	const executions = 1000
	dollars := executions * float64(moreSeconds) * float64(memoryMB) / 1024 * price
	return fmt.Sprintf("estimate: at most %.4f USD more for every %d executions that run into the timeout (%d s more of %d MB at %.10f USD per GB-second, %s, %s; %s)",
		dollars, executions, moreSeconds, memoryMB, price, architecture, region, priceSource)
}
