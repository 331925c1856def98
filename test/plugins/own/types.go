// What this plugin reads of the objects that it gets: far fewer fields than are sent, found by their names.
package main

import (
	"encoding/gob"
	"encoding/json"
	"time"
)

type Meta struct {
	Name, Namespace, UID string
	Labels               map[string]string
	CreationTimestamp    time.Time
}

type Phased struct {
	Phase, Message string
}

type Run struct {
	ObjectMeta Meta
	Status     Phased
}

type Metric struct {
	Name         string
	Interval     string
	FailureLimit *struct {
		IntVal int32
		StrVal string
	}
	Provider struct {
		Plugin map[string]json.RawMessage
	}
}

type Measurement struct {
	Phase, Message, Value string
	StartedAt, FinishedAt *time.Time
	ResumeAt              *time.Time
	Metadata              map[string]string
}

type MetricArgs struct {
	AnalysisRun *Run
	Metric      Metric
}

type GoOnArgs struct {
	AnalysisRun *Run
	Metric      Metric
	Measurement Measurement
}

type GarbageArgs struct {
	AnalysisRun *Run
	Metric      Metric
	Limit       int
}

type MetadataArgs struct {
	Metric Metric
}

type Failure struct {
	ErrorString string
}

type Rollout struct {
	ObjectMeta Meta
	Spec       struct {
		Replicas *int32
		Strategy struct {
			Canary *struct {
				CanaryService  string
				TrafficRouting *struct {
					Plugins map[string]json.RawMessage
				}
			}
		}
	}
	Status Phased
}

type StepContext struct {
	PluginName     string
	Config, Status json.RawMessage
}

type StepArgs struct {
	Rollout *Rollout
	Context *StepContext
}

type TerminateArgs StepArgs
type AbortArgs StepArgs

type StepResult struct {
	Phase, Message string
	RequeueAfter   time.Duration
	Status         json.RawMessage
}

type StepAnswer struct {
	Result StepResult
	Error  Failure
}

type Destination struct {
	Weight                       int32
	ServiceName, PodTemplateHash string
}

type HashArgs struct {
	Rollout                Rollout
	CanaryHash, StableHash string
	AdditionalDestinations []Destination
}

type WeightArgs struct {
	Rollout                Rollout
	DesiredWeight          int32
	AdditionalDestinations []Destination
}

type Route struct {
	Name string
}

type HeaderArgs struct {
	Rollout        Rollout
	SetHeaderRoute Route
}

type MirrorArgs struct {
	Rollout        Rollout
	SetMirrorRoute Route
}

type RemoveArgs struct {
	Rollout Rollout
}

type VerifyAnswer struct {
	Verified int32
	Err      Failure
}

func register() {
	gob.RegisterName("RunArgs", new(MetricArgs))
	gob.RegisterName("TerminateAndResumeArgs", new(GoOnArgs))
	gob.RegisterName("GarbageCollectArgs", new(GarbageArgs))
	gob.RegisterName("GetMetadataArgs", new(MetadataArgs))
	gob.RegisterName("step.RunArgs", new(StepArgs))
	gob.RegisterName("step.TerminateArgs", new(TerminateArgs))
	gob.RegisterName("step.AbortArgs", new(AbortArgs))
	gob.RegisterName("UpdateHashArgs", new(HashArgs))
	gob.RegisterName("SetWeightAndVerifyWeightArgs", new(WeightArgs))
	gob.RegisterName("SetHeaderArgs", new(HeaderArgs))
	gob.RegisterName("SetMirrorArgs", new(MirrorArgs))
	gob.RegisterName("RemoveManagedRoutesArgs", new(RemoveArgs))
}
