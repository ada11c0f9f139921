package call

import (
	"net/http"
	"strconv"
	"time"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// Counter counts requests by the minute of the clock.
type Counter interface {
	// Count counts a request of the caller of that name, and returns how many there were in
	// the minute of now, this one included.
	Count(now time.Time, name string) int64
}

// Limits are how many requests a caller may make in a minute; 0 is no limit.
type Limits struct {
	Counter Counter
	// User is that of a user, Address that of an address without a token.
	User, Address int64
}

// errTooMany refuses a request of a caller who asks too often.
var errTooMany = domain.Refuse(domain.TooMany, "This endpoint has been requested too many times. Try again later.")

// admitUser refuses the requests of a user above the limit. Only with a limit are there
// headers that tell it: by them client-go slows itself down.
func (s *Server) admitUser(c *Call) error {
	limit := s.limits.User
	if limit == 0 {
		return nil
	}
	now := s.now()
	observed := s.limits.Counter.Count(now, "user "+strconv.FormatInt(int64(c.Caller.ID), 10))
	reset := now.Truncate(time.Minute).Add(time.Minute)
	header := c.gin.Writer.Header()
	for name, value := range map[string]int64{
		"RateLimit-Limit": limit, "RateLimit-Observed": observed, "RateLimit-Remaining": max(limit-observed, 0), "RateLimit-Reset": reset.Unix(),
	} {
		header.Set(name, strconv.FormatInt(value, 10))
	}
	header.Set("RateLimit-Name", "throttle_authenticated_api")
	header.Set("RateLimit-ResetTime", reset.UTC().Format(http.TimeFormat))
	return c.tooMany(observed > limit, now)
}

// admitStranger lets a caller without a token read, unless the address asks too often.
func (s *Server) admitStranger(c *Call) error {
	limit := s.limits.Address
	if limit == 0 {
		return nil
	}
	now := s.now()
	return c.tooMany(s.limits.Counter.Count(now, "address "+httpapi.ClientIP(c.gin)) > limit, now)
}

// tooMany refuses a request if too many were made, and says when to try again.
func (c *Call) tooMany(exceeded bool, now time.Time) error {
	if !exceeded {
		return nil
	}
	wait := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	c.gin.Header("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	return errTooMany
}
