package main

import (
	"encoding/gob"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	metricrpc "github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	steprpc "github.com/argoproj/argo-rollouts/rollout/steps/plugin/rpc"
	routerrpc "github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var gobEncoder = reflect.TypeFor[gob.GobEncoder]()

// names has struct types under the names that they get in the table: arguments of several kinds are called alike.
var names = map[reflect.Type]string{
	reflect.TypeFor[metricrpc.RunArgs]():  "MetricRunArgs",
	reflect.TypeFor[steprpc.RunArgs]():    "StepArgs",
	reflect.TypeFor[steprpc.Response]():   "StepResponse",
	reflect.TypeFor[resource.Quantity]():  "Quantity",
	reflect.TypeFor[intstr.IntOrString](): "IntOrString",
}

var described = map[string]string{}

func describe(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return describe(t.Elem())
	}
	if t.Implements(gobEncoder) {
		return strings.ToLower(t.Name())
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String:
		return t.Kind().String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "int"
	case reflect.Slice:
		if t == reflect.TypeFor[json.RawMessage]() {
			return "json"
		}
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + describe(t.Elem())
	case reflect.Map:
		return "map[" + describe(t.Key()) + "]" + describe(t.Elem())
	case reflect.Struct:
		return describeStruct(t)
	}
	return "?" + t.String()
}

func describeStruct(t reflect.Type) string {
	name, isKnown := names[t]
	if !isKnown {
		name = t.Name()
		names[t] = name
	}
	if _, isDone := described[name]; isDone {
		return name
	}
	described[name] = ""
	fields := []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		// What JSON does not have is never sent; managed fields are left out to save their weight.
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || tag == "-" || field.Name == "ManagedFields" {
			continue
		}
		isInline := strings.Contains(options, "inline") || field.Anonymous && tag == ""
		text := field.Name
		switch {
		case isInline:
			text += "=^"
		case tag != "" && tag != strings.ToLower(field.Name[:1])+field.Name[1:]:
			text += "=" + tag
		}
		fields = append(fields, text+" "+describe(field.Type))
	}
	described[name] = strings.Join(fields, ", ")
	return name
}

// printTypes writes `Name: fields` of every type that a message is made of, as src/plugins/go has them.
func printTypes() {
	for _, message := range []any{
		metricrpc.RunArgs{}, metricrpc.TerminateAndResumeArgs{}, metricrpc.GarbageCollectArgs{}, metricrpc.GetMetadataArgs{},
		steprpc.RunArgs{}, steprpc.Response{},
		routerrpc.UpdateHashArgs{}, routerrpc.SetWeightAndVerifyWeightArgs{}, routerrpc.SetHeaderArgs{},
		routerrpc.SetMirrorArgs{}, routerrpc.RemoveManagedRoutesArgs{}, routerrpc.VerifyWeightResponse{},
	} {
		describe(reflect.TypeOf(message))
	}
	lines := []string{}
	for name, fields := range described {
		if name != "Quantity" && name != "IntOrString" {
			lines = append(lines, name+": "+fields)
		}
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
}
