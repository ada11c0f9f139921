// Package bootstrap wires the server: it hands the settings to the adapters, the
// adapters to the use cases and the use cases to the listeners. It does no work of
// its own.
package bootstrap
