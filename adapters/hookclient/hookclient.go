// Package hookclient sends events to the receivers of webhooks, with the headers and
// bodies of GitLab, and only to addresses that the instance allows.
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
	"strconv"
	"strings"
	"syscall"
	"time"

	"gatehouse/domain/hooks"
)

// Client sends events. It is safe for concurrent use.
type Client struct {
	instance Instance
	// verifying checks the certificates of receivers, trusting does not.
	verifying, trusting *http.Client
}

// Instance is what receivers learn about this instance, and what it allows.
type Instance struct {
	// URL is the public base of every URL, without a trailing slash.
	URL string
	// SSHURL returns the URL from which a project of that path is cloned over SSH.
	SSHURL func(path string) string
	// Version is the version of GitLab in the User-Agent.
	Version string
	// Timeout limits one request, from connecting to the end of the answer.
	Timeout time.Duration
	// Local allows requests to this machine and to private networks, except for the
	// metadata of clouds.
	Local bool
}

// New makes a Client.
func New(instance Instance) *Client {
	return &Client{instance, newHTTP(instance, &tls.Config{}), newHTTP(instance, &tls.Config{InsecureSkipVerify: true})}
}

func newHTTP(instance Instance, config *tls.Config) *http.Client {
	dialer := &net.Dialer{
		Timeout: instance.Timeout,
		// The dialer calls it after resolving the name, for each address that it
		// tries, so that a name cannot lead to an address that is refused.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return refuse(address, instance.Local)
		},
	}
	return &http.Client{
		Timeout: instance.Timeout,
		Transport: &http.Transport{ // without a proxy, which would resolve the name itself
			DialContext: dialer.DialContext, TLSClientConfig: config, TLSHandshakeTimeout: instance.Timeout,
			MaxResponseHeaderBytes: maxAnswer, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		},
		// The client follows no redirect: an event is for the configured address, and
		// most redirects would make a GET of the POST.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// maxAnswer is the number of bytes of an answer that are read, to be discarded.
const maxAnswer = 64 << 10

// Send implements webhooks.Sender.
func (c *Client) Send(ctx context.Context, d hooks.Delivery) (status int, err error) {
	body, err := c.instance.payload(d.Event)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Hook.Target(), bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("its url cannot be read")
	}
	c.instance.setHeaders(request.Header, d)
	client := c.verifying
	if d.Hook.SkipVerification {
		client = c.trusting
	}
	response, err := client.Do(request)
	if broken, ok := errors.AsType[*url.Error](err); ok {
		err = broken.Err // without the URL
	}
	if err != nil {
		return 0, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // only the status counts
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	return response.StatusCode, nil
}

// CheckTarget implements webhooks.Receivers.
func (c *Client) CheckTarget(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return errors.New("its url cannot be read") // the error would repeat it
	}
	host := u.Hostname()
	if host == "" {
		return errors.New("its url has no host")
	}
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		host = "127.0.0.1"
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return nil // a name, which is looked up when an event is sent
	}
	if why := refusal(address, c.instance.Local); why != "" {
		return fmt.Errorf("requests to %s are not allowed: %s", address, why)
	}
	return nil
}

// setHeaders sets the hook's own headers, and over these the ones of GitLab's webhooks.
func (i Instance) setHeaders(header http.Header, d hooks.Delivery) {
	for _, h := range d.Hook.Headers {
		header.Set(h.Key, h.Value)
	}
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
	if d.Missed > 0 {
		header.Set("X-Gatehouse-Missed-Events", strconv.Itoa(d.Missed))
	}
	if d.Hook.Token != "" {
		header.Set("X-Gitlab-Token", d.Hook.Token)
	}
}

// refuse returns why a request to a resolved address, host:port, is not allowed.
func refuse(address string, allowLocal bool) error {
	where, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if why := refusal(where.Addr(), allowLocal); why != "" {
		return fmt.Errorf("requests to %s are not allowed: %s", where.Addr().WithZone(""), why)
	}
	return nil
}
