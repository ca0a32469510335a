"""Inputs and outputs of a model: conversion between the values of a user and the tensors of a graph."""
