// Drives pango: answers calls on standard input, one JSON object a line, in lines of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/PaloAltoNetworks/pango"
	"github.com/PaloAltoNetworks/pango/userid"
)

// The arguments of all calls; each looks at its own.
type request struct {
	Call     string          `json:"call"`
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Hostname string          `json:"hostname"`
	Port     uint            `json:"port"`
	Username string          `json:"username"`
	Password string          `json:"password"`
	ApiKey   string          `json:"apiKey"`
	Target   string          `json:"target"`
	Message  *userid.Message `json:"message"`
	Vsys     string          `json:"vsys"`
	Ip       string          `json:"ip"`
	Tag      string          `json:"tag"`
	Group    string          `json:"group"`
}

type raised struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

type answer struct {
	Result any     `json:"result,omitempty"`
	Error  *raised `json:"error,omitempty"`
}

// The User-ID side of a firewall or a Panorama that was connected to.
var devices = map[string]*userid.UserId{}

func connect(r request) (any, error) {
	client := pango.Client{
		Hostname: r.Hostname, Port: r.Port, Username: r.Username, Password: r.Password,
		ApiKey: r.ApiKey, Target: r.Target, Timeout: 30, Logging: pango.LogQuiet,
	}
	if r.Kind == "panorama" {
		panorama := &pango.Panorama{Client: client}
		err := panorama.Initialize()
		devices[r.Name] = panorama.UserId
		return panorama.SystemInfo, err
	}
	firewall := &pango.Firewall{Client: client}
	err := firewall.Initialize()
	devices[r.Name] = firewall.UserId
	return firewall.SystemInfo, err
}

func answerTo(r request) (any, error) {
	if r.Call == "connect" {
		return connect(r)
	}
	device := devices[r.Name]
	switch r.Call {
	case "run":
		return nil, device.Run(r.Message, r.Vsys)
	case "ipTags":
		return device.GetIpTags(r.Ip, r.Tag, r.Vsys)
	case "userTags":
		return device.GetUserTags("", r.Vsys)
	case "logins":
		return device.GetLogins("", "", r.Vsys)
	case "groups":
		return device.GetGroups("", r.Vsys)
	case "members":
		return device.GetGroupMembers(r.Group, r.Vsys)
	default:
		return nil, fmt.Errorf("no call %q", r.Call)
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16_000_000)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		var a answer
		err := json.Unmarshal(lines.Bytes(), &r)
		if err == nil {
			a.Result, err = answerTo(r)
		}
		if err != nil {
			a = answer{Error: &raised{Kind: fmt.Sprintf("%T", err), Text: err.Error()}}
		}
		if err := out.Encode(a); err != nil {
			os.Exit(1)
		}
	}
}
