package sqs

import (
	"context"
	"crypto/md5" // SQS digests messages so
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// maxDelay is the longest DelaySeconds (API Reference, SendMessage).
const maxDelay = 900

// SendMessage puts a message into a queue.
func (s *Service) SendMessage(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	body := aws.ToString(in.MessageBody)
	switch {
	case in.MessageDeduplicationId != nil:
		return nil, invalid(*in.MessageDeduplicationId, "MessageDeduplicationId", "The request includes a parameter that is not valid for this queue type")
	case len(in.MessageAttributes) > 0 || len(in.MessageSystemAttributes) > 0 || in.MessageGroupId != nil:
		return nil, &types.UnsupportedOperation{Message: new("The simulator does not keep message attributes and message groups.")}
	case in.DelaySeconds < 0 || in.DelaySeconds > maxDelay:
		return nil, invalid(in.DelaySeconds, "DelaySeconds", fmt.Sprintf("DelaySeconds must be >= 0 and <= %d", maxDelay))
	case body == "":
		return nil, missing("MessageBody")
	case len(body) > q.MaximumMessageSize:
		return nil, invalidRequest("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.MaximumMessageSize)
	case !allowed(body):
		return nil, &types.InvalidMessageContents{Message: new("Invalid characters found. Valid unicode characters are " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")}
	}
	delay := q.Delay
	if in.DelaySeconds > 0 {
		delay = time.Duration(in.DelaySeconds) * time.Second
	}
	id := s.enqueue(q, body, s.o.Caller(ctx), s.o.Now(), delay)
	return &sqs.SendMessageOutput{MessageId: &id, MD5OfMessageBody: new(digest(body))}, nil
}

// allowed checks the characters of a body (API Reference, SendMessage, MessageBody).
func allowed(body string) bool {
	if !utf8.ValidString(body) {
		return false
	}
	for _, r := range body {
		switch {
		case r == 0x9, r == 0xA, r == 0xD, r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
		default:
			return false
		}
	}
	return true
}

func digest(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}
