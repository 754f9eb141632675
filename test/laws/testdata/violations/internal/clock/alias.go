package clock

import (
	"context"
	"fmt"
	"time"
)

// Late plants what even the clock may not do.
func Late() {
	time.Sleep(time.Second)           // want: forbidigo
	fmt.Println(context.Background()) // want: forbidigo
}
