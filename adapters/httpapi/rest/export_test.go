package rest

import "time"

// ReadMoment reads a parameter that is a moment.
func ReadMoment(value any) (at time.Time, problem string) {
	var m moment
	problem = m.ReadParam(value)
	return m.Time, problem
}
