// What a Go operator pays to learn all Pods: a client-go informer over protobuf whose transform keeps only what we keep.
//
// Its one argument is a kubeconfig. It prints one line of JSON when its cache is synced, and ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const syncLimit = 10 * time.Minute

// cost is what learn.ts prints too, as the field "cost" of its line.
type cost struct {
	Pods       int     `json:"pods"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	PeakMiB    float64 `json:"peakMiB"`
	GrownMiB   float64 `json:"grownMiB"`
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "client-go:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("one argument is needed, a kubeconfig; got %q", args)
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[0])
	if err != nil {
		return err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	learned, err := learn(ctx, client)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]cost{"cost": learned})
}

// learn starts the informer and returns what it cost until its cache was synced.
func learn(ctx context.Context, client kubernetes.Interface) (cost, error) {
	ctx, cancel := context.WithTimeout(ctx, syncLimit)
	defer cancel()
	before, err := measure()
	if err != nil {
		return cost{}, err
	}
	begun := time.Now()
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithTransform(strip), informers.WithTweakListOptions(unfinished))
	informer := factory.Core().V1().Pods().Informer()
	factory.Start(ctx.Done())
	select {
	case <-informer.HasSyncedChecker().Done():
	case <-ctx.Done():
		return cost{}, fmt.Errorf("not synced: %w", ctx.Err())
	}
	elapsed := time.Since(begun)
	after, err := measure()
	if err != nil {
		return cost{}, err
	}
	return cost{
		Pods:       len(informer.GetStore().ListKeys()),
		Seconds:    elapsed.Seconds(),
		CPUSeconds: (after.cpu - before.cpu).Seconds(),
		PeakMiB:    after.peakMiB,
		GrownMiB:   after.peakMiB - before.peakMiB,
	}, nil
}

// unfinished selects the Pods that the operator selects.
func unfinished(options *metav1.ListOptions) {
	options.FieldSelector = "status.phase!=Failed,status.phase!=Succeeded"
}

// strip keeps the fields that a PodRecord keeps, so that the cache holds no more than ours.
func strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	kept := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:              pod.Name,
			Namespace:         pod.Namespace,
			UID:               pod.UID,
			ResourceVersion:   pod.ResourceVersion,
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
			Labels:            pod.Labels,
		},
		Spec: corev1.PodSpec{
			NodeName:           pod.Spec.NodeName,
			ServiceAccountName: pod.Spec.ServiceAccountName,
			HostNetwork:        pod.Spec.HostNetwork,
		},
		Status: corev1.PodStatus{
			Phase:     pod.Status.Phase,
			PodIP:     pod.Status.PodIP,
			PodIPs:    pod.Status.PodIPs,
			StartTime: pod.Status.StartTime,
		},
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReadyToStartContainers {
			kept.Status.Conditions = []corev1.PodCondition{condition}
		}
	}
	return kept, nil
}

// usage is what this process has used so far.
type usage struct {
	cpu     time.Duration
	peakMiB float64
}

func measure() (usage, error) {
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		return usage{}, err
	}
	peak, err := peakMiB()
	return usage{time.Duration(spent.Utime.Nano() + spent.Stime.Nano()), peak}, err
}

// peakMiB does not ask getrusage, whose maximum begins with the parent's at the time of the fork.
func peakMiB() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			var kib float64
			_, err := fmt.Sscan(value, &kib)
			return kib / 1024, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmHWM")
}
