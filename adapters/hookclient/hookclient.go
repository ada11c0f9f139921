// Package hookclient sends events to the receivers of hooks, in the form of
// GitLab's webhooks, and to no address that it must not reach.
package hookclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"gatehouse/domain/hooks"
)

// Client sends events. It is safe for concurrent use.
type Client struct {
	instance Instance
	// careful looks at certificates, trusting does not.
	careful, trusting *http.Client
}

// Instance is what receivers are told of this one, and what it allows.
type Instance struct {
	// URL is where it is reached, without a slash at the end.
	URL string
	// SSHHost is where repositories are cloned from over SSH.
	SSHHost string
	// Version is its version.
	Version string
	// Timeout is how long a receiver may take to answer.
	Timeout time.Duration
	// Local lets requests go to the machine itself and to private networks.
	Local bool
}

// New makes a Client.
func New(instance Instance) *Client {
	return &Client{instance, newHTTP(instance, &tls.Config{}), newHTTP(instance, &tls.Config{InsecureSkipVerify: true})}
}

func newHTTP(instance Instance, config *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: instance.Timeout}
	if !instance.Local {
		// It is asked once the name was looked up, for each address that is
		// tried, so that no name leads where none may go.
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return refuse(address) }
	}
	return &http.Client{
		Timeout: instance.Timeout,
		Transport: &http.Transport{ // through no proxy: it would look up the name itself
			DialContext: dialer.DialContext, TLSClientConfig: config, TLSHandshakeTimeout: instance.Timeout,
			MaxResponseHeaderBytes: mostAnswer, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		},
		// An event is for the address that was asked for, and a POST that is
		// redirected would mostly become a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// mostAnswer is how much of an answer is read, in bytes; nothing of it is used.
const mostAnswer = 64 << 10

// Send implements webhooks.Sender.
func (c *Client) Send(ctx context.Context, d hooks.Delivery) (status int, err error) {
	body, err := c.instance.payload(d.Event)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Hook.URL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("its url cannot be read")
	}
	c.instance.head(request.Header, d)
	client := c.careful
	if d.Hook.SkipVerification {
		client = c.trusting
	}
	response, err := client.Do(request)
	if broken, ok := errors.AsType[*url.Error](err); ok {
		err = broken.Err // without the address
	}
	if err != nil {
		return 0, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // the status is all that counts
	_, _ = io.CopyN(io.Discard, response.Body, mostAnswer)
	return response.StatusCode, nil
}

// head sets the headers that receivers of GitLab's webhooks look at.
func (i Instance) head(header http.Header, d hooks.Delivery) {
	event := "Push Hook"
	if d.Event.Tag() {
		event = "Tag Push Hook"
	}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "GitLab/"+i.Version)
	header.Set("X-Gitlab-Event", event)
	header.Set("X-Gitlab-Event-UUID", d.EventID)
	header.Set("X-Gitlab-Webhook-UUID", d.Key)
	header.Set("X-Gitlab-Instance", i.URL)
	header.Set("Idempotency-Key", d.Key)
	if d.Hook.Token != "" {
		header.Set("X-Gitlab-Token", d.Hook.Token)
	}
}

// refuse says why no request may go to an address, host:port as it was looked
// up.
func refuse(address string) error {
	where, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(where.Addr()) {
		return fmt.Errorf("requests to %s are not allowed: it is not a public address (webhooks.allow_local_requests)", where.Addr().WithZone(""))
	}
	return nil
}

// special are networks that are not the public internet's, besides those that
// netip knows.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carriers'
	netip.MustParsePrefix("192.0.0.0/24"),    // protocols'
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // measurements
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("::/96"),           // IPv4 of old
	netip.MustParsePrefix("64:ff9b::/96"),    // IPv4 behind a translator
	netip.MustParsePrefix("64:ff9b:1::/48"),  // the same, local
	netip.MustParsePrefix("100::/64"),        // nowhere
	netip.MustParsePrefix("2001::/23"),       // protocols', Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // IPv4 in a tunnel
	netip.MustParsePrefix("fec0::/10"),       // sites' of old
	netip.MustParsePrefix("3fff::/20"),       // documentation
	netip.MustParsePrefix("5f00::/16"),       // segments
}

// public says whether an address is one of the public internet.
func public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false // loopback, link-local, multicast and unspecified are no global unicast
	}
	for _, network := range special {
		if network.Contains(address) {
			return false
		}
	}
	return true
}
