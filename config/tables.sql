-- The tables that the jobs of this folder load.
create table orders (
  id int not null,
  customer_id uuid not null,
  created_at timestamptz not null,
  country text not null,
  category text not null,
  amount numeric(12, 2) not null,
  note text not null,
  email text not null
);
create table birdstrikes (
  airport text not null,
  aircraft text not null,
  damage text not null,
  flown_on date not null,
  operator text not null,
  origin_state text not null,
  phase text not null,
  wildlife_size text not null,
  species text not null,
  time_of_day text not null,
  cost_other int not null,
  cost_repair int not null,
  cost_total int not null,
  speed_knots int
);
