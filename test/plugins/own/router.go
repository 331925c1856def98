package main

import "fmt"

type RouterServer struct{}

func (s *RouterServer) InitPlugin(args any, resp *Failure) error { return initialised(resp) }

func (s *RouterServer) Type(args any, resp *string) error {
	*resp = "OwnRouter"
	return nil
}

func wishOfRollout(rollout Rollout, method string) Wish {
	canary := rollout.Spec.Strategy.Canary
	if canary == nil || canary.TrafficRouting == nil {
		return Wish{}
	}
	for _, config := range canary.TrafficRouting.Plugins {
		wish := wishOf(config)
		// A wish may be for one method only.
		if wish.Value == "" || wish.Value == method {
			misbehave(wish)
			return wish
		}
	}
	return Wish{}
}

func did(rollout Rollout, method string, args any, resp *Failure) error {
	record(method, args)
	wish := wishOfRollout(rollout, method)
	if wish.Do == "error" {
		resp.ErrorString = wish.Message
	}
	return nil
}

func (s *RouterServer) UpdateHash(args any, resp *Failure) error {
	given, ok := args.(*HashArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	return did(given.Rollout, "UpdateHash", given, resp)
}

func (s *RouterServer) SetWeight(args any, resp *Failure) error {
	given, ok := args.(*WeightArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	return did(given.Rollout, "SetWeight", given, resp)
}

func (s *RouterServer) SetHeaderRoute(args any, resp *Failure) error {
	given, ok := args.(*HeaderArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	return did(given.Rollout, "SetHeaderRoute", given, resp)
}

func (s *RouterServer) SetMirrorRoute(args any, resp *Failure) error {
	given, ok := args.(*MirrorArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	return did(given.Rollout, "SetMirrorRoute", given, resp)
}

func (s *RouterServer) RemoveManagedRoutes(args any, resp *Failure) error {
	given, ok := args.(*RemoveArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	return did(given.Rollout, "RemoveManagedRoutes", given, resp)
}

func (s *RouterServer) VerifyWeight(args any, resp *VerifyAnswer) error {
	given, ok := args.(*WeightArgs)
	if !ok {
		return fmt.Errorf("invalid args %T", args)
	}
	record("VerifyWeight", given)
	resp.Verified = 1
	switch wish := wishOfRollout(given.Rollout, "VerifyWeight"); wish.Do {
	case "unverified":
		resp.Verified = 0
	case "unsupported":
		resp.Verified = 2
	case "error":
		resp.Err.ErrorString = wish.Message
	}
	return nil
}
