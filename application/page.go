package application

// Page is the part of a list that is asked for: by a number of rows before it, or, with
// Keyset, by the row before it.
type Page struct {
	// Order is the member that the list is ordered by, and then by the number of the row,
	// in the same direction.
	Order      string
	Descending bool
	// Size is the most rows, at least 1.
	Size int
	// Offset is how many rows come before; not with Keyset.
	Offset int
	Keyset bool
	// After is the last row before the page; nil for the first page.
	After *Position
}

// Position is the place of a row in an ordered list.
type Position struct {
	// Value is the member that the list is ordered by, as text; a moment is in RFC 3339
	// with microseconds.
	Value string
	// ID is the number of the row.
	ID int64
}

// Listed is a part of a list.
type Listed[T any] struct {
	Items []T
	// Total is how many rows the whole list has; with Keyset it is 0.
	Total int64
	// More says that rows follow.
	More bool
}
