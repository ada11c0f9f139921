package call

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application"
	"gatehouse/domain"
)

const (
	defaultPerPage = 20
	maxPerPage     = 100
	// maxOffset is the most rows before a page.
	maxOffset = 50_000
)

// Orders are the orders of a list. The zero Orders are by the numbers of the rows alone.
type Orders struct {
	// Names are those of the parameter order_by; the first one is the default.
	Names []string
	// Descending says that the list descends by default.
	Descending bool
	// Keyset are those by which the list can be read with pagination=keyset.
	Keyset []string
	// ByParams says that a list by keyset goes on by the parameters id_after and id_before of
	// its own, and not by a cursor.
	ByParams bool
	// Words are, for a list whose parameter sort names both, the orders by their words.
	Words map[string]Ordered
}

// known returns the names of the orders.
func (o Orders) known() []string {
	if o.Names == nil {
		return []string{"id"}
	}
	return o.Names
}

// sorts returns the words of the parameter sort.
func (o Orders) sorts() []string {
	if o.Words == nil {
		return []string{ascending, descending}
	}
	return slices.Sorted(maps.Keys(o.Words))
}

// sorted returns the order that a word of the parameter sort stands for. A word that is a
// direction alone keeps the name of the order.
func (o Orders) sorted(word, name string) Ordered {
	if o.Words == nil {
		return Ordered{Name: name, Descending: word == descending}
	}
	return o.Words[word]
}

// The words of the parameter sort that are a direction.
const (
	ascending  = "asc"
	descending = "desc"
)

// Ordered is an order with its direction.
type Ordered struct {
	Name       string
	Descending bool
}

// listParams are the parameters of every list.
type listParams struct {
	Page    pageNumber `param:"page" api:"integer"`
	PerPage pageNumber `param:"per_page" api:"integer"`
	OrderBy *string    `param:"order_by"`
	Sort    *string    `param:"sort"`
}

// pageNumber is a number that is at least 1, or 0 for an absent one. One that is larger than
// any that counts is hugeNumber.
type pageNumber int

// hugeNumber is a page that no list has, and more rows than a page has.
const hugeNumber = maxOffset + 1

var wholeNumber = regexp.MustCompile(`^\s*\+?0*([1-9][0-9]*)\s*$`)

// ReadParam implements params.Reader.
func (n *pageNumber) ReadParam(value any) (problem string) {
	text, problem := params.Text(value)
	if strings.TrimSpace(text) == "" && problem == "" {
		return ""
	}
	found := wholeNumber.FindStringSubmatch(text)
	if problem != "" || found == nil {
		return params.NoValidValue
	}
	*n = hugeNumber
	if number, err := strconv.Atoi(found[1]); err == nil {
		*n = min(pageNumber(number), hugeNumber)
	}
	return ""
}

// keysetParams are those of the lists that can be read by keyset.
type keysetParams struct {
	Pagination *string `param:"pagination"`
}

// cursorParams are those of the lists that can be read by keyset with a cursor.
type cursorParams struct {
	Cursor *string `param:"cursor"`
}

// byKeyset is the word of the parameter pagination.
const byKeyset = "keyset"

// Page returns the part of a list that the request asks for, in one of the orders of the
// route.
func (c *Call) Page() (application.Page, error) {
	o := c.Route.Orders
	var in struct {
		listParams
		keysetParams
		cursorParams
	}
	if err := c.Decode(&in); err != nil {
		return application.Page{}, err
	}
	size, number := min(cmp.Or(in.PerPage, defaultPerPage), maxPerPage), cmp.Or(in.Page, 1)
	page := application.Page{Order: o.known()[0], Descending: o.Descending, Size: int(size), Offset: int((number - 1) * size)}
	if in.OrderBy != nil {
		page.Order = *in.OrderBy
		if !slices.Contains(o.known(), page.Order) {
			return application.Page{}, NoValidValue("order_by")
		}
	}
	if in.Sort != nil {
		if !slices.Contains(o.sorts(), *in.Sort) {
			return application.Page{}, NoValidValue("sort")
		}
		sorted := o.sorted(*in.Sort, page.Order)
		page.Order, page.Descending = sorted.Name, sorted.Descending
	}
	if in.Pagination != nil && *in.Pagination == byKeyset {
		return c.keyset(page, o, in.Cursor)
	}
	if page.Offset > maxOffset {
		return application.Page{}, &methodNotAllowed{fmt.Sprintf(
			"Offset pagination has a maximum allowed offset of %d for requests that return objects of this type. "+
				"Remaining records can be retrieved using keyset pagination.", maxOffset)}
	}
	return page, nil
}

// keyset makes a page by keyset of one by offset.
func (c *Call) keyset(page application.Page, o Orders, cursor *string) (application.Page, error) {
	if !slices.Contains(o.Keyset, page.Order) {
		return application.Page{}, &methodNotAllowed{"Keyset pagination is not yet available for this type of request"}
	}
	page.Keyset, page.Offset = true, 0
	if cursor == nil || *cursor == "" || o.ByParams {
		return page, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*cursor)
	var at cursorValue
	if err != nil || json.Unmarshal(raw, &at) != nil || strings.ContainsRune(at.Value, 0) || !isPosition(page.Order, at.Value) {
		return application.Page{}, domain.Refuse(domain.Invalid, "cursor is invalid")
	}
	page.After = &application.Position{Value: at.Value, ID: at.ID}
	return page, nil
}

// isPosition says whether a text is the value of a position in an order: that of a moment
// is a moment, or empty.
func isPosition(order, value string) bool {
	if !strings.HasSuffix(order, "_at") || value == "" {
		return true
	}
	_, err := time.Parse(time.RFC3339Nano, value)
	return err == nil
}

// PositionMoment is a moment as the value of a position.
func PositionMoment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// cursorValue is what a cursor holds.
type cursorValue struct {
	Value string `json:"value"`
	ID    int64  `json:"id"`
}

// AnswerList answers with a page of a list, and says in the headers which. The function
// position returns the place of an item in the order; it is asked with keyset only, and
// nil for a list without.
func AnswerList[Item, Shown any](c *Call, page application.Page, l application.Listed[Item], position func(Item) application.Position, show func(Item) Shown) (any, error) {
	out := make([]Shown, len(l.Items))
	for i, item := range l.Items {
		out[i] = show(item)
	}
	if !page.Keyset {
		c.offsetHeaders(page, l.Total, l.More)
		return out, nil
	}
	if l.More {
		next := c.Route.Orders.next(page, position(l.Items[len(l.Items)-1]))
		c.gin.Header("Link", "<"+c.link(next)+`>; rel="next"`)
	}
	return out, nil
}

// next returns the parameters of the page by keyset that begins behind a position.
func (o Orders) next(page application.Page, last application.Position) map[string]string {
	text, _ := json.Marshal(cursorValue{last.Value, last.ID}) // a text and a number do not fail
	switch number := strconv.FormatInt(last.ID, 10); {
	case !o.ByParams:
		return map[string]string{"cursor": base64.RawURLEncoding.EncodeToString(text)}
	case page.Descending:
		return map[string]string{"id_before": number}
	default:
		return map[string]string{"id_after": number}
	}
}

// offsetHeaders sets the headers of a page by offset. All of them are there whatever the
// size of the list: Argo CD would not see a second page without the totals.
func (c *Call) offsetHeaders(page application.Page, total int64, more bool) {
	size := int64(page.Size)
	number := int64(page.Offset)/size + 1
	pages := max((total+size-1)/size, 1)
	header := c.gin.Writer.Header()
	set := func(name string, value int64) { header.Set(name, strconv.FormatInt(value, 10)) }
	set("X-Page", number)
	set("X-Per-Page", size)
	set("X-Total", total)
	set("X-Total-Pages", pages)
	header.Set("X-Next-Page", "")
	header.Set("X-Prev-Page", "")
	var links []string
	link := func(rel string, page int64) {
		address := c.link(map[string]string{"page": strconv.FormatInt(page, 10), "per_page": strconv.FormatInt(size, 10)})
		links = append(links, fmt.Sprintf(`<%s>; rel="%s"`, address, rel))
	}
	if number > 1 && number <= pages+1 {
		set("X-Prev-Page", number-1)
		link("prev", number-1)
	}
	if more {
		set("X-Next-Page", number+1)
		link("next", number+1)
	}
	link("first", 1)
	link("last", pages)
	header.Set("Link", strings.Join(links, ", "))
}

// link returns the address of the request on the external address, with some parameters
// of the query changed and without any token. It holds no comma.
func (c *Call) link(change map[string]string) string {
	query := c.gin.Request.URL.Query()
	for name, value := range change {
		query.Set(name, value)
	}
	query.Del(privateToken)
	query.Del(accessToken)
	return strings.ReplaceAll(c.sentURL(), ",", "%2C") + "?" + query.Encode()
}

// sentURL returns the address of the request on the external address, without query.
func (c *Call) sentURL() string {
	sent, err := url.ParseRequestURI(c.gin.Request.RequestURI)
	if err != nil {
		return c.externalURL
	}
	return originOf(c.externalURL) + sent.EscapedPath()
}

// originOf returns an address without its path.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
