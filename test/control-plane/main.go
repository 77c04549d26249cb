// One process that is a whole Kubernetes control plane for tests: etcd and kube-apiserver, on loopback.
//
// Its flags are kube-apiserver's own, plus --data-dir. The first line on standard output is the address it serves.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	"pantag.io/test/control-plane/etcd"
)

// A restart asks for its former port, which may still be in some short-lived connection's hands.
const portWait = 15 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "control-plane:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	dataDir, server, err := parse(args)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()

	store, err := etcd.Start(ctx, dataDir, "http://127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer store.Close()
	listener, err := listen(ctx, server.SecureServing.BindPort)
	if err != nil {
		return err
	}
	address := listener.Addr().(*net.TCPAddr)
	server.Etcd.StorageConfig.Transport.ServerList = []string{"http://" + store.Clients[0].Addr().String()}
	server.SecureServing.Listener = listener
	server.SecureServing.BindAddress = address.IP
	server.SecureServing.BindPort = address.Port
	fmt.Println(address)
	return serve(ctx, server)
}

// parse reads kube-apiserver's flags and the one that it does not have. --secure-port=0 takes a free port.
func parse(args []string) (dataDir string, server *options.ServerRunOptions, err error) {
	server = options.NewServerRunOptions()
	flags := pflag.NewFlagSet("control-plane", pflag.ContinueOnError)
	flags.StringVar(&dataDir, "data-dir", "", "Where etcd keeps its data; made if absent.")
	for _, set := range server.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err = flags.Parse(args); err != nil {
		return "", nil, err
	}
	if dataDir == "" {
		return "", nil, errors.New("--data-dir is needed")
	}
	if flags.NArg() > 0 {
		return "", nil, fmt.Errorf("unexpected arguments %q", flags.Args())
	}
	return dataDir, server, nil
}

// serve runs kube-apiserver until ctx ends, as its own command would.
func serve(ctx context.Context, server *options.ServerRunOptions) error {
	registry := server.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := registry.Set(); err != nil {
		return err
	}
	gates := registry.FeatureGateFor(basecompatibility.DefaultKubeComponent)
	if err := logsapi.ValidateAndApply(server.Logs, gates); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := server.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	return app.Run(ctx, completed)
}

// listen takes the port here, and not in kube-apiserver, so that no other process can come between choice and use.
func listen(ctx context.Context, port int) (net.Listener, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	deadline := time.Now().Add(portWait)
	for {
		listener, err := net.Listen("tcp", address)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return listener, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
