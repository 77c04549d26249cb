// The cluster's DNS server: Services' names from the API server, and whatever a test wants it to say of other names.

package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	serviceSuffix = ".svc.cluster.local."
	ttlSeconds    = 5
)

func serveNames() int {
	flags := flag.NewFlagSet("dns", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "of whoever may list Services")
	address := flags.String("address", "", "where to answer over UDP: 10.0.0.1:53")
	rulesFile := flags.String("rules", "", "JSON file, read anew for each question: see rules")
	_ = flags.Parse(os.Args[1:])
	if err := answerQuestions(*kubeconfig, *address, *rulesFile); err != nil {
		fmt.Fprintln(os.Stderr, "dns:", err)
		return 1
	}
	return 0
}

func answerQuestions(kubeconfig, address, rulesFile string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 10*time.Minute)
	services := factory.Core().V1().Services().Lister()
	factory.Start(context.Background().Done())
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	factory.WaitForCacheSync(context.Background().Done())
	serviceAddress := func(name string) net.IP {
		place, found := strings.CutSuffix(name, serviceSuffix)
		if !found {
			return nil
		}
		service, namespace, _ := strings.Cut(place, ".")
		object, err := services.Services(namespace).Get(service)
		if err != nil {
			return nil
		}
		return net.ParseIP(object.Spec.ClusterIP)
	}
	buffer := make([]byte, 1500)
	for {
		length, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if reply := replyTo(buffer[:length], readRules(rulesFile), serviceAddress); reply != nil {
			_, _ = socket.WriteTo(reply, from)
		}
	}
}

// replyTo returns nil where nothing is to be said.
func replyTo(message []byte, rules rules, serviceAddress func(name string) net.IP) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(message)
	if err != nil {
		return nil
	}
	question, err := parser.Question()
	if err != nil {
		return nil
	}
	name := strings.ToLower(question.Name.String())
	if matches(rules.Silent, name) {
		return nil
	}
	reply := dnsmessage.Header{
		ID: header.ID, Response: true, Authoritative: true,
		RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
	}
	var addresses []net.IP
	if matches(rules.Failing, name) {
		reply.RCode = dnsmessage.RCodeServerFailure
	} else if addresses = rules.addresses(name); addresses == nil {
		if service := serviceAddress(name); service != nil && !matches(rules.Unknown, name) {
			addresses = []net.IP{service}
		} else {
			reply.RCode = dnsmessage.RCodeNameError
		}
	}
	builder := dnsmessage.NewBuilder(nil, reply)
	_ = builder.StartQuestions()
	_ = builder.Question(question)
	_ = builder.StartAnswers()
	if question.Type == dnsmessage.TypeA {
		of := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: ttlSeconds}
		for _, address := range addresses {
			if v4 := address.To4(); v4 != nil {
				_ = builder.AResource(of, dnsmessage.AResource{A: [4]byte(v4)})
			}
		}
	}
	packed, _ := builder.Finish()
	return packed
}
