-- The tables that the jobs of deploy/compose load.
create table orders (
  id int not null,
  customer_id uuid not null,
  created_at timestamptz not null,
  amount numeric(12, 2) not null
);
create table prices (
  product text not null,
  price numeric(12, 2) not null,
  valid_from date not null
);
