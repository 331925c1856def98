package main

import (
	"encoding/json"
	"fmt"
	"time"
)

type StepServer struct{}

func (s *StepServer) InitPlugin(args any, resp *Failure) error { return initialised(resp) }

func (s *StepServer) Type(args any, resp *string) error {
	*resp = "OwnStep"
	return nil
}

type counted struct{ Count int }

func (s *StepServer) Run(args any, resp *StepAnswer) error {
	run, ok := args.(*StepArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("Run", run)
	wish := wishOf(run.Context.Config)
	misbehave(wish)
	state := counted{}
	if len(run.Context.Status) > 0 {
		if err := json.Unmarshal(run.Context.Status, &state); err != nil {
			return err
		}
	}
	state.Count++
	status, err := json.Marshal(state)
	if err != nil {
		return err
	}
	after, _ := time.ParseDuration(wish.After)
	resp.Result = StepResult{Phase: "Successful", Message: wish.Message, RequeueAfter: after, Status: status}
	switch wish.Do {
	case "times":
		if state.Count < wish.Times {
			resp.Result.Phase = "Running"
		}
	case "phase":
		resp.Result.Phase = wish.Value
	case "state":
		resp.Result.Status = json.RawMessage(wish.Value)
	case "error":
		resp.Error.ErrorString = wish.Message
	}
	return nil
}

func (s *StepServer) Terminate(args any, resp *StepAnswer) error {
	run, ok := args.(*TerminateArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("Terminate", run)
	resp.Result = StepResult{Message: "ended early"}
	return nil
}

func (s *StepServer) Abort(args any, resp *StepAnswer) error {
	run, ok := args.(*AbortArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("Abort", run)
	resp.Result = StepResult{Phase: "Successful", Message: "undone"}
	return nil
}
