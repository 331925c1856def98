package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

type MetricServer struct{}

func (s *MetricServer) InitPlugin(args any, resp *Failure) error { return initialised(resp) }

func (s *MetricServer) Type(args any, resp *string) error {
	*resp = "OwnPlugin"
	return nil
}

func wishOfMetric(metric Metric) Wish {
	for _, config := range metric.Provider.Plugin {
		return wishOf(config)
	}
	return Wish{}
}

func (s *MetricServer) Run(args any, resp *Measurement) error {
	run, ok := args.(*MetricArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("Run", run)
	wish := wishOfMetric(run.Metric)
	misbehave(wish)
	started := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("", 3600))
	*resp = Measurement{StartedAt: &started, Phase: "Successful", Value: wish.Value}
	switch wish.Do {
	case "refuse":
		return fmt.Errorf("%s", wish.Message)
	case "error":
		resp.Phase, resp.Message = "Error", wish.Message
	case "later":
		resume := started.Add(10 * time.Second)
		resp.Phase, resp.ResumeAt = "Running", &resume
		resp.Metadata = map[string]string{"job": "42"}
		return nil
	case "phase":
		resp.Phase = wish.Value
	case "large":
		resp.Value = strings.Repeat("x", wish.Size)
	case "echo":
		text, err := json.Marshal(run)
		if err != nil {
			return err
		}
		resp.Value = string(text)
	}
	finished := started.Add(time.Second)
	resp.FinishedAt = &finished
	return nil
}

func (s *MetricServer) Resume(args any, resp *Measurement) error {
	run, ok := args.(*GoOnArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("Resume", run)
	*resp = run.Measurement
	resp.Phase, resp.Value = "Failed", "resumed "+run.Measurement.Metadata["job"]
	resp.ResumeAt = nil
	finished := time.Date(2026, 1, 2, 2, 5, 0, 0, time.UTC)
	resp.FinishedAt = &finished
	return nil
}

func (s *MetricServer) Terminate(args any, resp *Measurement) error {
	run, ok := args.(*GoOnArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("Terminate", run)
	*resp = run.Measurement
	resp.Phase, resp.Message = "Successful", "told to end"
	return nil
}

func (s *MetricServer) GarbageCollect(args any, resp *Failure) error {
	run, ok := args.(*GarbageArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("GarbageCollect", run)
	return nil
}

func (s *MetricServer) GetMetadata(args any, resp *map[string]string) error {
	run, ok := args.(*MetadataArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	*resp = map[string]string{"metric": run.Metric.Name}
	return nil
}
