// A plugin over the reference's own types and servers: it answers with what it was asked, as JSON. What comes back
// shows which fields arrive in a plugin that was built for the reference.
package main

import (
	"encoding/json"
	"os"

	metricrpc "github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	steprpc "github.com/argoproj/argo-rollouts/rollout/steps/plugin/rpc"
	routerrpc "github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	"github.com/hashicorp/go-plugin"
)

func text(args any) string {
	bytes, err := json.Marshal(args)
	if err != nil {
		return err.Error()
	}
	return string(bytes)
}

type metric struct{}

func (metric) InitPlugin() types.RpcError { return types.RpcError{} }
func (metric) Type() string               { return "Echo" }

func (metric) Run(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	return v1alpha1.Measurement{Phase: "Successful", Value: text([]any{run, metric}), StartedAt: run.Status.StartedAt}
}

func (metric) Resume(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, measurement v1alpha1.Measurement) v1alpha1.Measurement {
	return measurement
}

func (metric) Terminate(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, measurement v1alpha1.Measurement) v1alpha1.Measurement {
	measurement.Message = text(measurement)
	return measurement
}

func (metric) GarbageCollect(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, limit int) types.RpcError {
	return types.RpcError{ErrorString: text([]any{run.Name, metric.Name, limit})}
}

func (metric) GetMetadata(metric v1alpha1.Metric) map[string]string {
	return map[string]string{"metric": text(metric)}
}

type step struct{}

func (step) InitPlugin() types.RpcError { return types.RpcError{} }
func (step) Type() string               { return "Echo" }

func echoed(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return types.RpcStepResult{Phase: types.PhaseSuccessful, Message: text([]any{rollout, context}), Status: context.Config}, types.RpcError{}
}

func (step) Run(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return echoed(rollout, context)
}

func (step) Terminate(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return echoed(rollout, context)
}

func (step) Abort(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return echoed(rollout, context)
}

type router struct{}

func (router) InitPlugin() types.RpcError { return types.RpcError{} }
func (router) Type() string               { return "Echo" }

func said(args ...any) types.RpcError { return types.RpcError{ErrorString: text(args)} }

func (router) UpdateHash(rollout *v1alpha1.Rollout, canaryHash, stableHash string, extras []v1alpha1.WeightDestination) types.RpcError {
	return said(rollout.Name, canaryHash, stableHash, extras)
}

func (router) SetWeight(rollout *v1alpha1.Rollout, weight int32, extras []v1alpha1.WeightDestination) types.RpcError {
	return said(rollout.Name, weight, extras)
}

func (router) SetHeaderRoute(rollout *v1alpha1.Rollout, route *v1alpha1.SetHeaderRoute) types.RpcError {
	return said(rollout.Name, route)
}

func (router) SetMirrorRoute(rollout *v1alpha1.Rollout, route *v1alpha1.SetMirrorRoute) types.RpcError {
	return said(rollout.Name, route)
}

func (router) VerifyWeight(rollout *v1alpha1.Rollout, weight int32, extras []v1alpha1.WeightDestination) (types.RpcVerified, types.RpcError) {
	return types.Verified, said(rollout.Name, weight, extras)
}

func (router) RemoveManagedRoutes(rollout *v1alpha1.Rollout) types.RpcError {
	return said(rollout.Name)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-types" {
		printTypes()
		return
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: os.Getenv("ARGO_ROLLOUTS_RPC_PLUGIN"),
		},
		Plugins: map[string]plugin.Plugin{
			"RpcMetricProviderPlugin": &metricrpc.RpcMetricProviderPlugin{Impl: metric{}},
			"RpcStepPlugin":           &steprpc.RpcStepPlugin{Impl: step{}},
			"RpcTrafficRouterPlugin":  &routerrpc.RpcTrafficRouterPlugin{Impl: router{}},
		},
	})
}
