// Package bootstrap puts the server together: configuration, stores, use
// cases and listeners.
package bootstrap
