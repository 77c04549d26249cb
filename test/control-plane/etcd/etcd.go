// Package etcd runs an etcd inside a test program.
package etcd

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

const startLimit = 30 * time.Second

// Start returns when etcd answers; it ends with Close. clientURL is "http://127.0.0.1:0" for a free port.
// It need not survive a power cut, so it never waits for a disk.
func Start(ctx context.Context, dataDir, clientURL string) (*embed.Etcd, error) {
	client, err := url.Parse(clientURL)
	if err != nil {
		return nil, err
	}
	clients := []url.URL{*client}
	peers := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = filepath.Clean(dataDir)
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	// Its REST gateway would dial the advertised address, whose port nobody knows before it is bound.
	config.EnableGRPCGateway = false
	config.QuotaBackendBytes = 8 << 30
	config.ListenPeerUrls = peers
	config.ListenClientUrls = clients
	config.AdvertisePeerUrls = peers
	config.AdvertiseClientUrls = clients
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err = <-etcd.Err():
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startLimit):
		err = fmt.Errorf("not ready after %s", startLimit)
	}
	etcd.Close()
	return nil, err
}
