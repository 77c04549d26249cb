// What a test makes the cluster's DNS server say, or not say.

package main

import (
	"encoding/json"
	"net"
	"os"
	"strings"
)

// A name is a host name without its last dot; "*" is every name.
type rules struct {
	// Name to addresses, before what the API server knows of it.
	Answers map[string][]string `json:"answers"`
	// Names without any reply: the client waits.
	Silent []string `json:"silent"`
	// Names with SERVFAIL.
	Failing []string `json:"failing"`
	// Names of Services with NXDOMAIN.
	Unknown []string `json:"unknown"`
}

// readRules of a file that is missing or half written are none.
func readRules(file string) (read rules) {
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &read) != nil {
		return rules{}
	}
	return read
}

func (r rules) addresses(name string) (addresses []net.IP) {
	for _, text := range r.Answers[strings.TrimSuffix(name, ".")] {
		addresses = append(addresses, net.ParseIP(text))
	}
	return addresses
}

func matches(names []string, name string) bool {
	for _, one := range names {
		if one == "*" || one == strings.TrimSuffix(name, ".") {
			return true
		}
	}
	return false
}
